"""The network between one of our processes and one store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product
from typing import Final

from tests.faults.nemesis.field import POSTGRESQL, VALKEY, Field
from tests.faults.nemesis.schedule import Step
from tests.storage.link import Link

PROCESSES: Final = ("web-0", "web-1", "worker-0", "worker-1")
LINKS: Final = tuple(f"{name}:{store}" for name, store in product(PROCESSES, (POSTGRESQL, VALKEY)))


def _link(field: Field, target: str) -> Link:
    name, _, store = target.partition(":")
    links = field.stand.links[name]
    return links.postgresql if store == POSTGRESQL else links.valkey


@asynccontextmanager
async def half_open(field: Field, step: Step) -> AsyncIterator[None]:
    """Nothing passes, and nobody is told; at the end the connections are reset."""
    link = _link(field, step.target)
    link.freeze()
    yield
    link.cut()
    link.mend()


@asynccontextmanager
async def stalled(field: Field, step: Step) -> AsyncIterator[None]:
    """Nothing passes for a while, then everything does."""
    link = _link(field, step.target)
    link.freeze()
    yield
    link.mend()


@asynccontextmanager
async def refused(field: Field, step: Step) -> AsyncIterator[None]:
    """Connections are reset, new ones too."""
    link = _link(field, step.target)
    link.cut(refuse=True)
    yield
    link.mend()


@asynccontextmanager
async def mute(field: Field, step: Step) -> AsyncIterator[None]:
    """Requests arrive and are carried out; the answers are lost, and then the connections."""
    link = _link(field, step.target)
    link.lose_replies()
    yield
    link.cut()
    link.mend()


@asynccontextmanager
async def slow(field: Field, step: Step) -> AsyncIterator[None]:
    """Every packet takes 50 ms."""
    link = _link(field, step.target)
    link.slow_down(pause_seconds=0.05)
    yield
    link.mend()


@asynccontextmanager
async def sliced(field: Field, step: Step) -> AsyncIterator[None]:
    """Everything arrives byte by byte."""
    link = _link(field, step.target)
    link.slow_down(slice_bytes=1, pause_seconds=0.00001)
    yield
    link.mend()
