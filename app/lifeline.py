"""The line between `nest run` and each of its children: who of them still lives.

A child's standard input is one end of a socket pair. Once a second its event loop writes one byte to
it, `SERVING` or `STARTING`, so a process whose loop is stalled, stopped or dead is silent. The other
way nothing is ever written: that the line closes tells a child that its supervisor is gone.

One byte from the loop for web and worker alike, and no `GET /healthz`: a request would need a place
among the connections and an address for each of several web processes behind one port.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

BEAT_SECONDS: Final = 1.0
SERVING: Final = b"+"
STARTING: Final = b"."


class Beat:
    """Says once a second that this process lives, and whether it serves, until `stop`.

    It runs in the loop that was running when it was made: that its turn comes is the proof. It ends
    by itself where standard input is no such line. While nobody reads, what does not fit is dropped.
    """

    def __init__(self, serving: Callable[[], bool]) -> None:
        self._serving = serving
        self._loop = asyncio.get_running_loop()
        self._descriptor = sys.stdin.fileno()
        os.set_blocking(self._descriptor, False)
        self._next: asyncio.Handle = self._loop.call_soon(self._say)

    def stop(self) -> None:
        """Say nothing any more."""
        self._next.cancel()

    def _say(self) -> None:
        try:
            os.write(self._descriptor, SERVING if self._serving() else STARTING)
        except BlockingIOError:
            pass
        except OSError:
            return
        self._next = self._loop.call_later(BEAT_SECONDS, self._say)


def watch_stdin(ended: Callable[[], object]) -> None:
    """Call `ended` in the running loop when standard input closes."""
    descriptor = sys.stdin.fileno()
    loop = asyncio.get_running_loop()

    def read() -> None:
        with contextlib.suppress(BlockingIOError):
            if not _read(descriptor):
                loop.remove_reader(descriptor)
                ended()

    os.set_blocking(descriptor, False)
    loop.add_reader(descriptor, read)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except ConnectionResetError:  # it was killed before it had read what we wrote
        return b""


@dataclass(slots=True)
class Silence:
    """How long a process has not answered, in seconds of the time in which somebody listened.

    Before its first answer it has `starting_seconds`, after that `limit_seconds`.
    """

    limit_seconds: float
    starting_seconds: float
    seconds: float = 0.0
    answered: bool = False

    @property
    def allowed_seconds(self) -> float:
        """The silence that is not too long yet."""
        return self.limit_seconds if self.answered else self.starting_seconds

    @property
    def too_long(self) -> bool:
        """Whether the process counts as hanging."""
        return self.seconds >= self.allowed_seconds

    def end(self) -> None:
        """It answered."""
        self.seconds = 0.0
        self.answered = True

    def go_on(self, seconds: float) -> None:
        """`seconds` have passed since the last call.

        Of a longer pause one second counts: we were stopped, asleep or starved then ourselves, and
        an answer that came meanwhile is read only now.
        """
        self.seconds += min(seconds, BEAT_SECONDS)

    async def lasts_too_long(self) -> None:
        """Return once it does."""
        last = time.monotonic()
        while not self.too_long:
            await asyncio.sleep(BEAT_SECONDS)
            now = time.monotonic()
            self.go_on(now - last)
            last = now
