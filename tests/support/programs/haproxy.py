"""HAProxy with the file of deploy/, for as long as a block lasts."""

import csv
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Final

from tests.support.programs.installing import HAPROXY
from tests.support.programs.ports import free_port
from tests.support.programs.processes import CHECKOUT, Process

DEPLOY: Final = CHECKOUT / "deploy"


@contextmanager
def running_haproxy(one: int, two: int, **environ: str) -> Iterator[Process]:
    """HAProxy with the file that is shipped, before these two ports, until the block ends."""
    program, port = HAPROXY.required(), free_port()
    with TemporaryDirectory(prefix="nest-h-") as directory:
        settings = {
            "EDGE_BIND": f"127.0.0.1:{port}",
            "EDGE_ERRORS": str(DEPLOY / "errors"),
            "EDGE_LOG": "stdout",
            "EDGE_SOCKET": f"{directory}/admin.sock",
            "EDGE_WEB1": f"127.0.0.1:{one}",
            "EDGE_WEB2": f"127.0.0.1:{two}",
            **({} if os.geteuid() == 0 else {"EDGE_UNPRIVILEGED": "1"}),
            **environ,
        }
        command = (str(program), "-W", "-db", "-f", str(DEPLOY / "haproxy.cfg"))
        with Process(*command, environ=settings, port=port) as process:
            yield process


def servers_of(proxy: Process) -> dict[str, str]:
    """By backend and server, such as `sockets/web1`: its state, as HAProxy says on its own socket.

    `UP` passed its last checks; `UP 1/2` was not checked yet, or missed one. Raises OSError before
    HAProxy listens.
    """
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(proxy.environ["EDGE_SOCKET"])
        asking.sendall(b"show stat\n")
        answer = b"".join(iter(lambda: asking.recv(65_536), b"")).decode()
    return {
        f"{row['pxname']}/{row['svname']}": row["status"]
        for row in csv.DictReader(answer.removeprefix("# ").splitlines())
        if row["svname"] not in ("FRONTEND", "BACKEND")
    }


def all_take_part(proxy: Process) -> bool:
    """Whether HAProxy sends visitors to each of its servers."""
    return set(servers_of(proxy).values()) == {"UP"}
