"""Who runs where: servers on one core, whoever loads them on the other."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

Part = Literal["servers", "load"]
_ORDER: tuple[Part, ...] = ("servers", "load")


@contextmanager
def on_core(part: Part) -> Iterator[None]:
    """What is started inside the block stays on the core of that part; on one core, anywhere."""
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
