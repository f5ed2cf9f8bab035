"""Debian's websockets: `python3 websockets.py PORT echo|fanout`."""

import asyncio
import logging
import sys

sys.path = sys.path[1:]  # this file has the library's name
import websockets  # noqa: E402

logging.getLogger("websockets").setLevel(logging.CRITICAL)
port, work = int(sys.argv[1]), sys.argv[2]
clients: set[websockets.WebSocketServerProtocol] = set()


async def serve(socket: websockets.WebSocketServerProtocol) -> None:
    clients.add(socket)
    try:
        async for message in socket:
            if work == "echo":
                await socket.send(message)
            else:
                websockets.broadcast(clients, message)
    except websockets.ConnectionClosed:
        pass  # the load generator resets what it does not need any more
    finally:
        clients.discard(socket)


async def main() -> None:
    async with websockets.serve(serve, "127.0.0.1", port, compression=None, ping_interval=None, backlog=4096):
        print("listening", flush=True)
        await asyncio.Future()


asyncio.run(main())
