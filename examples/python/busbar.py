"""A client of busbar: publishes, subscribes, and after every cut goes on where it was.

    async with Bus("ws://localhost:8080/bus", basic("ada", "lovelace")) as bus:
        receipt = await bus.publish("chat/lobby", {"text": "hello"})
        async for item in bus.subscribe("chat/lobby", start={"last": 10}):
            match item:
                case Message(data=data): print(data)
                case Gap(lost=lost): print("lost:", lost)

It is written from docs/protocol.md and needs `websockets` (Debian: python3-websockets) and Python 3.11.
It leaves out presence, calls, policies and `refresh`: when credentials expire it comes back with fresh ones.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import random
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import websockets

log = logging.getLogger("busbar")

DELAY_S = 0.5
DELAY_S_MAX = 20.0
#: After a connection that was open for so long, the first delay is a short one again.
GOOD_S = 10.0
COMMAND_BYTES_MAX = 65_536
#: What a command needs besides its messages.
COMMAND_OVERHEAD = 500
#: Published messages without a receipt; one more waits until there is room.
PUBLISHES_MAX = 1_000
BATCH_MAX = 1_000
#: Between two publishing commands: fewer in a second than a server takes.
PACE_S = 1 / 150
#: Messages of one channel that wait for their reader; those behind them stay in the server's log for now.
WAITING_MAX = 1_000
#: Channels that are read: as many as a server allows a connection, and fit into one `resume`.
CURSORS_MAX = 128
#: Refusals that pass: the message is published again, with the same number.
PASSING = {"publish/out-of-turn", "limit/rate", "server/busy", "server/stopping", "server/log-unavailable"}


@dataclass(frozen=True)
class Position:
    epoch: str
    offset: int


#: Where a subscription begins: behind a position, with the oldest message, behind the newest, or {"last": n}.
Start = Position | Literal["start", "now"] | Mapping[str, int]


@dataclass(frozen=True)
class Message:
    channel: str
    data: Any
    position: Position
    sender: str
    at: int  #: milliseconds since 1970 UTC


@dataclass(frozen=True)
class Gap:
    """Messages that are not in the log any more, before the next message."""

    channel: str
    position: Position
    lost: range | None  #: their offsets, where these are known


@dataclass(frozen=True)
class Receipt:
    stage: str
    position: Position | None


class BusError(Exception):
    """The server refused a command."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code: str = error["code"]
        self.retryable: bool = error["retryable"]
        self.retry_after_s: float | None = error["retryAfterMs"] / 1000 if "retryAfterMs" in error else None


class BusClosed(Exception):
    """The bus is over. Whether a message without a receipt was published is not known."""


def basic(username: str, password: str) -> Callable[[], Mapping[str, str]]:
    return lambda: {"scheme": "basic", "username": username, "password": password}


_OnReply = Callable[[Mapping[str, Any]], None]


@dataclass
class _Publish:
    seq: int
    data: Any
    size: int
    receipt: asyncio.Future[Receipt]
    first_sent: float | None = None


@dataclass
class _Lane:
    """What is published to one channel, in order: one command is under way, and what comes meanwhile is the next."""

    last_seq: int = 0
    waiting: deque[_Publish] = field(default_factory=deque)
    sent: list[_Publish] = field(default_factory=list)
    is_resting: bool = False
    refusals: int = 0  #: one after the other

    def take_batch(self) -> list[_Publish]:
        """Messages for one command: those that were sent before, or those that were not, in an unbroken sequence."""
        first = self.waiting[0]
        size = COMMAND_OVERHEAD
        while self.waiting and len(self.sent) < BATCH_MAX:
            publish = self.waiting[0]
            size += publish.size
            is_next = publish.seq == first.seq + len(self.sent)
            if not is_next or (publish.first_sent is None) != (first.first_sent is None) or size > COMMAND_BYTES_MAX:
                break
            self.sent.append(self.waiting.popleft())
        return self.sent

    def put_back(self, publishes: list[_Publish]) -> None:
        self.waiting.extendleft(reversed(publishes))
        self.sent = []


@dataclass
class _Cursor:
    channel: str
    start: Start
    items: asyncio.Queue[Message | Gap | Exception] = field(default_factory=asyncio.Queue)
    position: Position | None = None  #: of the last item; the server is asked to go on behind it
    epoch: str = ""  #: of the messages that the server pushes
    is_live: bool = False
    is_parked: bool = False  #: too much waits for the reader

    def command(self) -> dict[str, Any]:
        start = self.position or self.start
        return {"channel": self.channel, "from": asdict(start) if isinstance(start, Position) else start}


class Bus:
    """One client: its name, its cursors and its publishes, over all of its connections."""

    def __init__(self, url: str, auth: Callable[[], Mapping[str, str]] | None = None) -> None:
        self._url = url
        self._auth = auth  #: asked before each attempt
        self._client = secrets.token_urlsafe(16)
        self._cursors: dict[str, _Cursor] = {}
        self._lanes: dict[str, _Lane] = {}
        self._room = asyncio.Semaphore(PUBLISHES_MAX)
        self._outgoing: asyncio.Queue[str] | None = None  #: None while there is no connection
        self._replies: dict[int, _OnReply] = {}
        self._numbers = itertools.count(1)
        self._timers: list[asyncio.TimerHandle] = []
        self._next_publish = 0.0
        self._attempts = 0
        self._wish_s: float | None = None  #: when the server wants to see us again
        self._task: asyncio.Task[None] | None = None
        self._end: BusClosed | None = None

    async def __aenter__(self) -> Bus:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])
        self._finish(BusClosed("closed"))

    async def publish(self, channel: str, data: Any) -> Receipt:
        """Resolves when the log has the message, over however many connections. Raises BusError or BusClosed."""
        size = len(json.dumps(data)) + 2
        if COMMAND_OVERHEAD + size > COMMAND_BYTES_MAX:
            raise ValueError("the message is too large")
        async with self._room:
            if self._end is not None:
                raise self._end
            lane = self._lanes.setdefault(channel, _Lane())
            lane.last_seq += 1
            publish = _Publish(lane.last_seq, data, size, asyncio.get_running_loop().create_future())
            lane.waiting.append(publish)
            self._flush(channel)
            return await publish.receipt

    async def subscribe(self, channel: str, start: Start = "now") -> AsyncIterator[Message | Gap]:
        """Every message behind `start`, in order, once. Raises BusError or BusClosed."""
        if channel in self._cursors:
            raise ValueError(f"{channel} is being read already")
        if len(self._cursors) >= CURSORS_MAX:
            raise ValueError("too many channels are being read")
        if self._end is not None:
            raise self._end
        cursor = self._cursors[channel] = _Cursor(channel, start)
        self._begin(cursor)
        try:
            while True:
                if cursor.is_parked and cursor.items.empty():
                    cursor.is_parked = False
                    self._begin(cursor)
                item = await cursor.items.get()
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            del self._cursors[channel]
            self._ask({"do": "unsubscribe", "channel": channel})

    # Connections

    async def _run(self) -> None:
        while True:
            failure = await self._connect()
            if failure is not None:
                return self._finish(failure)
            self._attempts += 1
            delay_s = _delay_s(self._attempts) if self._wish_s is None else self._wish_s
            log.info("back in %.1f s", delay_s)
            await asyncio.sleep(delay_s)

    async def _connect(self) -> BusClosed | None:
        """Hold one connection until it ends. Returns why there must not be another."""
        self._wish_s = None
        try:
            options = {"subprotocols": ["busbar.v1"], "max_size": None, "close_timeout": 1}
            async with websockets.connect(self._url, **options) as socket:
                with suppress(websockets.ConnectionClosed):
                    await self._converse(socket)
            log.info("the connection has ended: %s %s", socket.close_code, socket.close_reason)
            if not _may_come_back(socket.close_code):
                return BusClosed(f"{socket.close_code} {socket.close_reason}")
        except websockets.InvalidStatusCode as refusal:
            retry_after = refusal.headers.get("Retry-After", "")
            self._wish_s = float(retry_after) if retry_after.isdigit() else None
        except (OSError, asyncio.TimeoutError, websockets.InvalidHandshake, websockets.InvalidMessage) as error:
            log.info("no connection: %r", error)
        return None

    async def _converse(self, socket: websockets.WebSocketClientProtocol) -> None:
        self._outgoing = asyncio.Queue()
        writer = asyncio.create_task(self._write(socket, self._outgoing))
        hello = {"do": "hello", "client": self._client}
        self._ask(hello | {"auth": self._auth()} if self._auth else hello)
        opened = time.monotonic()
        # Nothing waits for the answer to hello; resuming is one exchange for all cursors.
        cursors = [cursor for cursor in self._cursors.values() if not cursor.is_parked]
        if cursors:
            self._resume(cursors)
        for channel in self._lanes:
            self._flush(channel)
        try:
            async for text in socket:
                self._receive(json.loads(text))
        finally:
            writer.cancel()
            if time.monotonic() - opened > GOOD_S:
                self._attempts = 0
            self._outgoing = None
            self._replies.clear()
            while self._timers:
                self._timers.pop().cancel()
            for cursor in self._cursors.values():
                cursor.is_live = False
            for lane in self._lanes.values():
                lane.put_back(lane.sent)
                lane.is_resting = False

    async def _write(self, socket: websockets.WebSocketClientProtocol, outgoing: asyncio.Queue[str]) -> None:
        with suppress(websockets.ConnectionClosed):  # whoever reads the socket sees that, too
            while True:
                await socket.send(await outgoing.get())

    def _ask(self, command: dict[str, Any], on_reply: _OnReply = lambda _: None) -> None:
        if self._outgoing is None:
            return
        number = next(self._numbers)
        self._replies[number] = on_reply
        self._outgoing.put_nowait(json.dumps({"id": number, **command}))

    def _later(self, delay_s: float, task: Callable[..., None], *parameters: object) -> None:
        """For this connection alone."""
        self._timers.append(asyncio.get_running_loop().call_later(delay_s, task, *parameters))

    def _finish(self, failure: BusClosed) -> None:
        self._end = self._end or failure
        for cursor in self._cursors.values():
            cursor.items.put_nowait(self._end)
        for lane in self._lanes.values():
            while lane.waiting:
                _settle(lane.waiting.popleft(), self._end)

    def _receive(self, message: Mapping[str, Any]) -> None:
        match message:
            case {"re": int(number)}:
                self._replies.pop(number, lambda _: None)(message)
            case {"push": "message", "channel": str(channel)}:
                self._deliver(channel, message)
            case {"push": "gap", "channel": str(channel), "position": position}:
                self._open_gap(channel, Position(**position), message.get("lost"))
            case {"push": "unsubscribed", "channel": str(channel), "error": error}:
                if (cursor := self._cursors.get(channel)) is not None and cursor.is_live:
                    cursor.items.put_nowait(BusError(error))
            case {"push": "goodbye", "retryAfterMs": retry_after_ms}:
                self._wish_s = retry_after_ms / 1000
            case {"error": error}:
                log.warning("the server complains: %s", error)

    # Subscriptions

    def _begin(self, cursor: _Cursor) -> None:
        if self._cursors.get(cursor.channel) is cursor:
            self._ask({"do": "subscribe", **cursor.command()}, lambda reply: self._begun(cursor, reply))

    def _resume(self, cursors: list[_Cursor]) -> None:
        def answered(reply: Mapping[str, Any]) -> None:
            outcomes = reply["ok"]["cursors"] if "ok" in reply else [{"error": reply["error"]}] * len(cursors)
            for cursor, outcome in zip(cursors, outcomes, strict=True):
                self._begun(cursor, outcome if "error" in outcome else {"ok": outcome})

        self._ask({"do": "resume", "cursors": [cursor.command() for cursor in cursors]}, answered)

    def _begun(self, cursor: _Cursor, reply: Mapping[str, Any]) -> None:
        if self._cursors.get(cursor.channel) is not cursor:
            return
        if "ok" in reply:
            position = Position(**reply["ok"]["position"])
            cursor.epoch = position.epoch
            cursor.position = cursor.position or position  # where it is another one, a gap comes first
            cursor.is_live = True
            return
        error = BusError(reply["error"])
        if error.retryable:
            self._later(error.retry_after_s or 1.0, self._begin, cursor)
        else:
            cursor.items.put_nowait(error)

    def _deliver(self, channel: str, push: Mapping[str, Any]) -> None:
        cursor = self._cursors.get(channel)
        if cursor is None or not cursor.is_live:
            return
        if cursor.items.qsize() >= WAITING_MAX:
            # The log keeps this message and those behind it until the reader has caught up.
            cursor.is_live, cursor.is_parked = False, True
            return self._ask({"do": "unsubscribe", "channel": channel})
        cursor.position = Position(cursor.epoch, push["offset"])
        cursor.items.put_nowait(Message(channel, push["data"], cursor.position, push["from"], push["at"]))

    def _open_gap(self, channel: str, position: Position, lost: Mapping[str, int] | None) -> None:
        cursor = self._cursors.get(channel)
        if cursor is None or not cursor.is_live:
            return
        cursor.epoch, cursor.position = position.epoch, position
        offsets = None if lost is None else range(lost["from"], lost["to"] + 1)
        cursor.items.put_nowait(Gap(channel, position, offsets))

    # Publishing

    def _flush(self, channel: str, has_rested: bool = False) -> None:
        """Send what may be sent."""
        lane = self._lanes[channel]
        lane.is_resting = lane.is_resting and not has_rested
        if not lane.waiting or lane.sent or lane.is_resting or self._outgoing is None:
            return
        now = time.monotonic()
        if now < self._next_publish:
            return self._rest(channel, self._next_publish - now)
        self._next_publish = now + PACE_S
        batch = lane.take_batch()
        messages = [publish.data for publish in batch]
        command = {"do": "publishAll", "channel": channel, "messages": messages, "seq": batch[0].seq}
        if batch[0].first_sent is not None:
            command["ageMs"] = round((now - batch[0].first_sent) * 1000)
        for publish in batch:
            publish.first_sent = publish.first_sent or now
        self._ask(command, lambda reply: self._published(channel, reply))

    def _published(self, channel: str, reply: Mapping[str, Any]) -> None:
        lane = self._lanes[channel]
        outcomes = reply["ok"]["receipts"] if "ok" in reply else [{"error": reply["error"]}] * len(lane.sent)
        again: list[_Publish] = []
        rest_s = 0.0
        for publish, outcome in zip(lane.sent, outcomes, strict=True):
            if "error" not in outcome:
                position = outcome.get("position")
                _settle(publish, Receipt(outcome["stage"], position and Position(**position)))
            elif (error := BusError(outcome["error"])).code in PASSING:
                again.append(publish)
                rest_s = max(rest_s, error.retry_after_s or 0)
            else:
                _settle(publish, error)
        lane.put_back(again)
        lane.refusals = lane.refusals + 1 if again else 0
        if again:
            self._rest(channel, max(rest_s, _delay_s(lane.refusals)))
        else:
            self._flush(channel)

    def _rest(self, channel: str, delay_s: float) -> None:
        self._lanes[channel].is_resting = True
        self._later(delay_s, self._flush, channel, True)


def _delay_s(attempt: int) -> float:
    """Full jitter, for the attempts 1, 2, 3 …"""
    return random.uniform(0, min(DELAY_S_MAX, DELAY_S * 2 ** min(attempt - 1, 30)))


def _may_come_back(code: int) -> bool:
    return code in (1001, 1005, 1006) or 1011 <= code <= 1014 or 4500 <= code <= 4999


def _settle(publish: _Publish, outcome: Receipt | Exception) -> None:
    if publish.receipt.done():
        return  # whoever published it waits no longer
    if isinstance(outcome, Exception):
        publish.receipt.set_exception(outcome)
    else:
        publish.receipt.set_result(outcome)
