"""Ensures that each NEST_HOME has only one supervisor.

Errors: `AlreadyInUseError`, a sentence or two.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class AlreadyInUseError(Exception):
    """Another process has it. `problem` says which, and `mend` what to do, if that is known.

    `problem` is a sentence without its full stop.
    """

    def __init__(self, problem: str, mend: str = "") -> None:
        super().__init__(f"{problem}. {mend}".rstrip())
        self.problem = problem
        self.mend = mend


@contextmanager
def locked_home(home: Path) -> Iterator[None]:
    """Hold `home/lock` during the block. The kernel releases it even if we crash.

    Raises AlreadyInUseError, also when the directory cannot be written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise AlreadyInUseError(f"NEST_HOME {home} cannot be used: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            raise AlreadyInUseError(
                f"NEST_HOME {home} is in use by process {holder}",
                "Stop it, or choose another NEST_HOME and PORT.",
            ) from error
        with suppress(OSError):  # the disk is full: the number is only for the sentence above
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)
