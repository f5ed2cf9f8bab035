"""A server of Python's websockets, for busbar's client: prints its port, and ends with its standard input.

The path says what it does: /echo, /fragments (sends one text in fragments with a ping), /close/CODE/REASON.
The argument is a JSON object of options for permessage-deflate, or null for none.
"""

import asyncio
import json
import sys
from urllib.parse import unquote

import websockets
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

PIECES = ["grü", "", "ße, ", "and more " * 1000]


async def handle(socket):
    _, action, *rest = socket.path.split("/")
    if action == "echo":
        async for message in socket:
            await socket.send(message)
    elif action == "fragments":
        await socket.send(PIECES)
        await (await socket.ping(b"between"))
        await socket.send("pong came")
    elif action == "close":
        code, reason = rest
        await socket.close(int(code), unquote(reason))
    elif action == "wait":
        await socket.wait_closed()
        print(json.dumps([socket.close_code, socket.close_reason]), flush=True)


async def main():
    deflate = json.loads(sys.argv[1])
    extensions = None if deflate is None else [ServerPerMessageDeflateFactory(**deflate)]
    async with websockets.serve(
        handle, "127.0.0.1", 0, compression=None, extensions=extensions, max_size=None, ping_interval=None
    ) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
