"""Tiny programs in the place of `nest web` and `nest worker`, to test what starts them.

python -m tests.support.standin stack   the supervisor, with the two below as its children
python -m tests.support.standin web     answers GET /readyz with 200 on PORT
python -m tests.support.standin worker  says "working" and waits
Children also start a child of their own (`sleep`), which must not be left over either, unless
STANDIN_ALONE is set. `web` ignores SIGTERM when STANDIN_STUBBORN is set.
"""

import asyncio
import os
import signal
import subprocess
import sys

from app.children import Program
from app.settings import parse_settings
from app.supervisor import Stack, run


def program(name: str) -> Program:
    return Program(name=name, command=(sys.executable, "-m", "tests.support.standin", name))


async def stack() -> int:
    async def prepare(database_url: str) -> str:
        if os.environ.get("STANDIN_FAILS"):
            raise ValueError("the catalogue is not readable, line 3")
        return ""

    async def mint_link(database_url: str, public_url: str) -> str:
        return f"{public_url}/admin/login#once"

    programs = (program("web"), program("worker"))
    return await run(
        parse_settings(os.environ),
        Stack(prepare=prepare, mint_link=mint_link, programs=programs),
        os.environ,
    )


async def web() -> None:
    if os.environ.get("STANDIN_STUBBORN"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", int(os.environ["PORT"]))
    async with server:
        await server.serve_forever()


async def worker() -> None:
    print("working", flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[1] == "stack":
        sys.exit(asyncio.run(stack()))
    if not os.environ.get("STANDIN_ALONE"):
        subprocess.Popen(["sleep", "600"])
    asyncio.run({"web": web, "worker": worker}[sys.argv[1]]())
