"""Draining: a web process that is told to stop hands over its open sockets before it ends.

Theory. A process goes through these states once, in this order:

- *serving*.
- *draining*, from ``begin`` on: the process is not ready, opens no socket any more, and answers
  requests until the proxy before it has noticed. A refused socket is told when that will be.
- *handing over*: each open socket is told ``restarting`` with ``retry_after_ms``, after the answer
  to the message that is being handled, and closed with 1012. The sockets are told in batches, in
  random order, so that clients do not all come back to the other processes at the same moment.
- *ended*: the server closes the sockets that are left.

A page is told nothing, because it has nothing to do: its socket is closed, and the browser opens
another one within 0.5 to 1.5 s by itself. (Scripts of an older release would load their page again.)
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from math import ceil
from random import Random
from typing import Final

import structlog

from configurator.protocol import codec
from configurator.protocol.code import Code
from configurator.protocol.codes import CODES, Refused
from realtime.delivery.frame import Frame
from realtime.delivery.outbox import Deliver

log = structlog.get_logger()

RETRY_MS: Final = 500
"""Milliseconds: a client comes back after a random time up to this, plus its own jitter."""

BATCH: Final = 50
"""The smallest number of connections that are handed over at once."""

PAUSE_SECONDS: Final = 0.025
"""The mean pause between two batches: 2,000 connections a second come back."""

HANDOVER_SECONDS: Final = 2.0
"""All connections are told within this time; above 4,000 connections the batches are larger."""

ANSWER_SECONDS: Final = 5.0
"""The longest wait for the answer to the message that is being handled."""

HandOver = Callable[[int], Awaitable[object]]
"""Hands one connection over; the argument is the delay in ms after which its client comes back."""


class Drain:
    """The stop of one web process. ``handed_over`` counts the connections that were handed over."""

    def __init__(self, random: Random | None = None) -> None:
        self._random = random or Random()  # noqa: S311 - jitter is no secret
        self._sources: list[Callable[[], Iterable[HandOver]]] = []
        self._begins: list[Callable[[], object]] = []
        self._until = 0.0
        self.draining = False
        self.handed_over = 0

    def watch(self, source: Callable[[], Iterable[HandOver]]) -> None:
        """Register ``source``, which returns the open connections when they are handed over."""
        self._sources.append(source)

    def on_begin(self, call: Callable[[], object]) -> None:
        """Register ``call``, which is called when the process begins to drain."""
        self._begins.append(call)

    def begin(self, seconds: float) -> None:
        """Open no socket from now on; the proxy notices within ``seconds``.

        Call it in the event loop.
        """
        self.draining = True
        self._until = asyncio.get_running_loop().time() + seconds
        for call in self._begins:
            call()

    def refusal(self) -> Refused | None:
        """The refusal of a new socket, with the time to come back; None while serving."""
        if not self.draining:
            return None
        left_ms = (self._until - asyncio.get_running_loop().time()) * 1000
        return Refused("restarting", retry_after_ms=max(0, int(left_ms)) + self._retry_ms())

    async def hand_over(self) -> None:
        """Hand over every open connection; returns when all were told or their wait was over."""
        open_ = [each for source in self._sources for each in source()]
        self._random.shuffle(open_)
        size = max(BATCH, ceil(len(open_) * PAUSE_SECONDS / HANDOVER_SECONDS))
        async with asyncio.TaskGroup() as tasks:
            for first in range(0, len(open_), size):
                if first:
                    await asyncio.sleep(PAUSE_SECONDS * self._random.uniform(0.5, 1.5))
                for each in open_[first : first + size]:
                    tasks.create_task(self._tell(each))
        log.info("connections_handed_over", connections=self.handed_over, of=len(open_))

    async def _tell(self, hand_over: HandOver) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await hand_over(self._retry_ms())
            self.handed_over += 1
        except TimeoutError:
            log.info(
                "connection_not_handed_over",
                reason="the message that is being handled takes too long",
            )
        except Exception:
            log.exception("hand_over_failed")  # the other connections are handed over all the same

    def _retry_ms(self) -> int:
        return self._random.randint(1, RETRY_MS)


def handing_over(
    turn: asyncio.Lock, deliver: Deliver, hang_up: Callable[[Code], object]
) -> HandOver:
    """A function that hands over a connection; ``turn`` is held while it handles a message."""
    return partial(_hand_over, turn, deliver, hang_up)


async def _hand_over(
    turn: asyncio.Lock,
    deliver: Deliver,
    hang_up: Callable[[Code], object],
    retry_after_ms: int,
) -> None:
    async with turn:
        deliver(Frame.of(codec.error(Refused("restarting", retry_after_ms=retry_after_ms))))
        hang_up(CODES["restarting"])
