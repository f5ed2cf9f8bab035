"""A client of Python's websockets, for busbar's server: prints one JSON object with what it saw.

Arguments: the URL of an echo, and a JSON object of options for permessage-deflate, or null for none.
"""

import asyncio
import json
import os
import sys

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

MEBIBYTE = 1024 * 1024

MESSAGES = [
    "hello",
    "",
    "grüße, \U0001f30d",
    "a\0b",
    bytes([0, 1, 127, 128, 255]),
    b"",
    "ü" * (MEBIBYTE // 2),
    bytes(MEBIBYTE),
    os.urandom(MEBIBYTE),
]


async def main():
    url, deflate = sys.argv[1], json.loads(sys.argv[2])
    extensions = None if deflate is None else [ClientPerMessageDeflateFactory(**deflate)]
    seen = {"wrong": []}
    async with websockets.connect(
        url, compression=None, extensions=extensions, max_size=None, ping_interval=None
    ) as socket:
        seen["extensions"] = [extension.name for extension in socket.extensions]
        for index, message in enumerate(MESSAGES + MESSAGES):
            await socket.send(message)
            if await socket.recv() != message:
                seen["wrong"].append(index)
        pieces = ["grü", "", "ße, ", "and more " * 1000]
        await socket.send(pieces)
        seen["fragments"] = await socket.recv() == "".join(pieces)
        binary = [os.urandom(1000) for _ in range(100)]
        await socket.send(binary)
        seen["binaryFragments"] = await socket.recv() == b"".join(binary)
        await asyncio.wait_for(await socket.ping(b"there?"), 10)
        await socket.close(4001, "grüße")
        seen["close"] = socket.close_code
    print(json.dumps(seen))


asyncio.run(main())
