"""Be the only one: one supervisor per NEST_HOME, one listener per port.

Errors: `AlreadyInUseError`, one sentence.
"""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyInUseError(Exception):
    """Somebody else has it; the sentence says who and what to do."""


@contextmanager
def locked_home(home: Path) -> Iterator[None]:
    """Hold `home/lock` for the length of the block. The kernel frees it whatever happens to us.

    Raises AlreadyInUseError, also when the directory cannot be written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise AlreadyInUseError(f"NEST_HOME {home} cannot be used: {error.strerror}.") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            raise AlreadyInUseError(
                f"NEST_HOME {home} is in use by process {holder}. "
                "Stop it, or choose another NEST_HOME and PORT."
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def require_free_port(host: str, port: int) -> None:
    """Return when one could listen there now; raises AlreadyInUseError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise AlreadyInUseError(
                f"PORT {port} on {host} is busy. Choose another PORT."
            ) from error
        raise AlreadyInUseError(
            f"HOST {host} PORT {port} cannot be listened on: {error.strerror}."
        ) from error
