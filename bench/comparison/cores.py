"""The division of cores: servers run on one core, load generators on the other."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

Part = Literal["servers", "load"]
_ORDER: tuple[Part, ...] = ("servers", "load")


@contextmanager
def on_core(part: Part) -> Iterator[None]:
    """Keep processes that are started in the block on this part's core; with one core, on any."""
    allowed = os.sched_getaffinity(0)
    if len(allowed) < 2:
        yield
        return
    os.sched_setaffinity(0, {sorted(allowed)[_ORDER.index(part)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def cores_of(pid: int) -> list[int]:
    """The cores that a process may use."""
    return sorted(os.sched_getaffinity(pid))
