"""The heartbeat between `nest run` and each of its children, which shows whether both are alive.

A child's standard input is one end of a socket pair. Once a second its event loop writes one byte to
it, `SERVING` or `STARTING`, so a process whose loop is stalled, stopped or dead is silent. Nothing is
written in the other direction: when the socket closes, a child knows that its supervisor is gone.

Web and worker both send this byte, instead of answering `GET /healthz`: a request would use up one of
the connections, and several web processes behind one port would need separate addresses.
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
    """Signals once a second that this process is alive, and whether it serves, until `stop`.

    It runs in the event loop in which it was made, so a byte proves that the loop runs. It ends by
    itself if standard input is not such a socket. Bytes that do not fit are dropped.
    """

    def __init__(self, serving: Callable[[], bool]) -> None:
        self._serving = serving
        self._loop = asyncio.get_running_loop()
        self._descriptor = sys.stdin.fileno()
        os.set_blocking(self._descriptor, False)
        self._next: asyncio.Handle = self._loop.call_soon(self._say)

    def stop(self) -> None:
        """Stop the heartbeat."""
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
    except ConnectionResetError:  # the other end was killed before it had read our bytes
        return b""


@dataclass(slots=True)
class SilentTime:
    """The seconds that a process has been silent, counted only while we listened.

    Before its first answer it has `starting_seconds`, after that `limit_seconds`.
    """

    limit_seconds: float
    starting_seconds: float
    seconds: float = 0.0
    answered: bool = False

    @property
    def allowed_seconds(self) -> float:
        """The longest silence that is still allowed, in seconds."""
        return self.limit_seconds if self.answered else self.starting_seconds

    @property
    def too_long(self) -> bool:
        """Whether the process counts as hanging."""
        return self.seconds >= self.allowed_seconds

    def end(self) -> None:
        """Record an answer."""
        self.seconds = 0.0
        self.answered = True

    def go_on(self, seconds: float) -> None:
        """Record that `seconds` have passed since the last call.

        A longer pause counts as one second: we ourselves were stopped, asleep or starved, and read
        only now an answer that came meanwhile.
        """
        self.seconds += min(seconds, BEAT_SECONDS)

    async def lasts_too_long(self) -> None:
        """Return once the silence is too long."""
        last = time.monotonic()
        while not self.too_long:
            await asyncio.sleep(BEAT_SECONDS)
            now = time.monotonic()
            self.go_on(now - last)
            last = now
