"""The address of `nest run`: the supervisor opens it once and passes it to each web process.

The socket stays open while a web process is replaced: clients that connect meanwhile wait, instead of
being refused, and a hanging process accepts no new connections while the others do.

Errors: `AlreadyInUseError`, which names the process that listens there, if known.
"""

import errno
import socket
from pathlib import Path
from typing import Final

import psutil

from app.supervisor.exclusive import AlreadyInUseError

BACKLOG: Final = 2_048
COMMAND_CHARACTERS: Final = 80


def listen(host: str, port: int) -> tuple[socket.socket, ...]:
    """Sockets that listen on every address of `host`. Raises AlreadyInUseError."""
    opened: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        missing: OSError | None = None
        for family, kind, protocol, _, address in dict.fromkeys(found):
            each = socket.socket(family, kind, protocol)
            opened.append(each)
            try:
                _listen_on(each, address)
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL:  # `localhost` without IPv6
                    raise
                missing = error
                opened.remove(each)
                each.close()
        if missing is not None and not opened:
            raise missing
    except OSError as error:
        for each in opened:
            each.close()
        if error.errno == errno.EADDRINUSE:
            raise AlreadyInUseError(
                f"PORT {port} on {host} is busy: {listener_on(port)} listens there",
                "Stop it, or choose another PORT.",
            ) from error
        raise AlreadyInUseError(
            f"HOST {host} PORT {port} cannot be listened on: {error.strerror}", _advice(error)
        ) from error
    return tuple(opened)


def _advice(error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return "Set HOST to an address of this machine, or to 0.0.0.0 for all of them."
    if error.errno == errno.EACCES:
        return "Choose a PORT from 1024, or a user who may listen there."
    return "Choose another HOST or PORT."


def require_free_port(host: str, port: int) -> None:
    """Check that the port is free. Raises AlreadyInUseError."""
    for each in listen(host, port):
        each.close()


def _listen_on(opened: socket.socket, address: tuple[str | int | bytes, ...]) -> None:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if opened.family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    opened.bind(address)
    opened.listen(BACKLOG)
    opened.setblocking(False)


def listener_on(port: int) -> str:
    """The owner of a port of this machine, for a sentence, as far as the system reveals it."""
    unknown = "a process of another user"
    try:
        pids = {
            each.pid
            for each in psutil.net_connections("tcp")
            if each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port
        }
    except (psutil.Error, OSError):
        return unknown
    known = sorted(pid for pid in pids if pid is not None)
    return _description(known[0]) if known else unknown


def _description(pid: int) -> str:
    """`nest run` if it is ours, else the command line, shortened."""
    try:
        process = psutil.Process(pid)
        if ours := _supervisor_of(process):
            supervisor, home = ours
            return f"`nest run` in {home} (process {supervisor})"
        command = " ".join(process.cmdline()) or process.name()
    except psutil.Error:
        return f"process {pid}"
    short = command if len(command) <= COMMAND_CHARACTERS else f"{command[:COMMAND_CHARACTERS]}…"
    return f"process {pid} ({short})"


def _supervisor_of(process: psutil.Process) -> tuple[int, Path] | None:
    """The supervisor and home of a process that is a supervisor or its child; None for any other.

    The lock of its home must contain the process, or its parent.
    """
    try:
        named = process.environ().get("NEST_HOME", "") or ".nest"
        home = (Path(process.cwd()) / named).resolve()
        holder = int((home / "lock").read_text())
    except (psutil.Error, OSError, ValueError):
        return None
    return (holder, home) if holder in {process.pid, process.ppid()} else None
