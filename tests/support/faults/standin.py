"""Tiny programs in the place of `nest web` and `nest worker`, to test what starts them.

python -m tests.support.faults.standin stack   the supervisor, with the two below as its children
python -m tests.support.faults.standin web     answers GET /readyz with 200, and POST /hang by hanging, on
                                        the sockets it inherited
python -m tests.support.faults.standin worker  says "working" after its first sign of life, and waits
Children also start a child of their own (`sleep`), which must not be left over either, unless
STANDIN_ALONE is set. `web` ignores SIGTERM when STANDIN_STUBBORN is set. STANDIN_WEBS: how many.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time

from app.programs.children import Program
from app.programs.lifeline import Beat, watch_stdin
from app.settings.settings import parse_settings
from app.supervisor.supervisor import Stack, run


def program(kind: str, name: str) -> Program:
    command = (sys.executable, "-m", "tests.support.faults.standin", kind)
    return Program(kind=kind, name=name, command=command)


async def stack() -> int:
    async def prepare(database_url: str) -> str:
        if os.environ.get("STANDIN_FAILS"):
            raise ValueError("the catalogue is not readable, line 3")
        return ""

    async def mint_link(database_url: str, public_url: str) -> str:
        return f"{public_url}/admin/login#once"

    count = int(os.environ.get("STANDIN_WEBS", "1"))
    webs = [program("web", f"web-{n}" if count > 1 else "web") for n in range(1, count + 1)]
    programs = (*webs, program("worker", "worker"))
    return await run(
        parse_settings(os.environ),
        Stack(prepare=prepare, mint_link=mint_link, programs=programs),
        os.environ,
    )


async def web() -> None:
    if os.environ.get("STANDIN_STUBBORN"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readline()
        if asked.startswith(b"POST /hang"):
            time.sleep(600)  # noqa: ASYNC251 - the event loop stalls
        body = os.environ["NEST_NODE"].encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    numbers = [int(each) for each in sys.argv[2:] if each.isdigit()]
    servers = [
        await asyncio.start_server(answer, sock=socket.socket(fileno=each)) for each in numbers
    ]
    Beat(lambda: bool(servers))
    await asyncio.Event().wait()


async def worker() -> None:
    Beat(lambda: True)
    await asyncio.sleep(0)  # the first beat is said
    print("working", flush=True)
    await asyncio.Event().wait()


async def tied(kind: str) -> None:
    async with asyncio.TaskGroup() as group:
        working = group.create_task({"web": web, "worker": worker}[kind]())
        watch_stdin(working.cancel)


if __name__ == "__main__":
    if sys.argv[1] == "stack":
        sys.exit(asyncio.run(stack()))
    if not os.environ.get("STANDIN_ALONE"):
        subprocess.Popen(["sleep", "600"])
    asyncio.run(tied(sys.argv[1]))
