"""Free TCP ports on the loopback interface, each given out once.

A port that was free a moment ago may be somebody else's by the time a process binds it, and then
a test talks to the wrong server. So ports come from below the range the kernel hands out by
itself, and a lock file keeps every other test process on the machine off them.
"""

import fcntl
import os
import socket
import tempfile
from pathlib import Path
from typing import Final

FIRST, LAST = 10_000, 32_000
_held: Final[list[int]] = []
"""File descriptors of the locks; they end with this process."""


def free_port() -> int:
    """A port that nobody listens on and no other test process was given."""
    locks = Path(tempfile.gettempdir()) / f"nest-ports-{os.getuid()}"
    locks.mkdir(mode=0o700, exist_ok=True)
    start = os.getpid() * 101 % (LAST - FIRST)
    for step in range(LAST - FIRST):
        port = FIRST + (start + step) % (LAST - FIRST)
        if _claimed(locks / str(port)) and _bindable(port):
            return port
    raise RuntimeError("every port is taken")


def _claimed(lock: Path) -> bool:
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    _held.append(descriptor)
    return True


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
