"""Runs the Python client for a test: reads requests as lines of JSON, and writes what happens as lines of JSON.

Arguments: the URL, a username, a password.
"""

import asyncio
import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "python"))

import busbar  # noqa: E402


def tell(**event: object) -> None:
    print(json.dumps(event), flush=True)


class Told(logging.Handler):
    """What the client logs."""

    def emit(self, record: logging.LogRecord) -> None:
        tell(kind="log", text=record.getMessage())


async def read(bus: busbar.Bus, channel: str, start: busbar.Start, pause_s: float) -> None:
    try:
        async for item in bus.subscribe(channel, start):
            match item:
                case busbar.Message(data=data, position=position, sender=sender):
                    tell(kind="message", channel=channel, data=data, position=asdict(position), sender=sender)
                case busbar.Gap(position=position, lost=lost):
                    bounds = None if lost is None else [lost[0], lost[-1]]
                    tell(kind="gap", channel=channel, position=asdict(position), lost=bounds)
            await asyncio.sleep(pause_s)
    except (busbar.BusError, busbar.BusClosed) as error:
        tell(kind="ended", channel=channel, error=str(error))


async def publish(bus: busbar.Bus, channel: str, data: object) -> None:
    try:
        receipt = await bus.publish(channel, data)
        tell(kind="receipt", data=data, stage=receipt.stage, position=receipt.position and asdict(receipt.position))
    except (busbar.BusError, busbar.BusClosed, ValueError) as error:
        tell(kind="refused", data=data, error=str(error))


async def main() -> None:
    url, username, password = sys.argv[1:]
    async with busbar.Bus(url, busbar.basic(username, password)) as bus:
        tasks: set[asyncio.Task[None]] = set()
        while line := await asyncio.to_thread(sys.stdin.readline):
            match json.loads(line):
                case {"do": "read", "channel": channel, "from": start, **more}:
                    start = busbar.Position(**start) if "epoch" in start else start
                    tasks.add(asyncio.create_task(read(bus, channel, start, more.get("pause_s", 0))))
                case {"do": "publish", "channel": channel, "data": data}:
                    tasks.add(asyncio.create_task(publish(bus, channel, data)))
        for task in tasks:
            task.cancel()


logging.getLogger("busbar").addHandler(Told())
logging.getLogger("busbar").setLevel(logging.INFO)
asyncio.run(main())
