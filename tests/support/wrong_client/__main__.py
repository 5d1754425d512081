"""Reads the kit's commands, line by line."""

import asyncio
import json
import os
import sys

from tests.support.wrong_client.client import Client
from tests.support.wrong_client.mistake import say


async def main() -> None:
    client = Client()
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(client.stay())
        tasks.create_task(client.watch_the_clock())
        async for line in lines:
            asked = json.loads(line)
            if asked["do"] == "op":
                await client.ask(asked["operation"])
            elif asked["do"] == "state":
                say(state=client.state())
            else:
                break
        os._exit(0)  # even if the test that asks is gone


asyncio.run(main())
