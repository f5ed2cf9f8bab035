"""The chat in a terminal: python3 chat.py ws://localhost:8080/bus ada lovelace [room]

Prints the room's last messages and what comes; each line that is typed is said in the room.
Pull the plug, restart the server: it goes on where it was. Ctrl+D ends it.
"""

import asyncio
import logging
import sys

from busbar import Bus, BusClosed, BusError, Gap, Message, basic


async def listen(bus: Bus, channel: str) -> None:
    async for item in bus.subscribe(channel, start={"last": 20}):
        match item:
            case Message(data={"text": text}, sender=sender):
                print(f"{sender}: {text}", flush=True)
            case Gap(lost=None):
                print("-- some messages are gone --", flush=True)
            case Gap(lost=lost):
                print(f"-- {len(lost)} messages are gone --", flush=True)


async def talk(bus: Bus, channel: str) -> None:
    while line := await asyncio.to_thread(sys.stdin.readline):
        if text := line.strip():
            try:
                await bus.publish(channel, {"text": text})
            except (BusError, ValueError) as error:
                print(f"-- not said: {error} --", flush=True)


async def main(url: str, username: str, password: str, room: str = "lobby") -> None:
    async with Bus(url, basic(username, password)) as bus:
        tasks = [asyncio.create_task(task(bus, f"chat/{room}")) for task in (listen, talk)]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    logging.basicConfig(level=logging.INFO, format="-- %(message)s --")
    logging.getLogger("websockets").setLevel(logging.WARNING)
    try:
        asyncio.run(main(*sys.argv[1:]))
    except (BusClosed, BusError) as error:
        sys.exit(f"-- {error} --")
