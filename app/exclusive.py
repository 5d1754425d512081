"""Be the only one: one supervisor per NEST_HOME.

Errors: `AlreadyInUseError`, one sentence.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
        with suppress(OSError):  # a full disk: the number is only for the sentence above
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)
