"""The machine a figure was measured on, and the processor time of everybody involved."""

import asyncio
import os
import platform
import resource
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil

Roots = Mapping[str, int]
"""A name and the process id at the top of each tree of processes."""

BENCH = "bench"
"""The name of this process, which is always counted."""

OTHERS = "others"
"""Whatever else runs on the machine; it should be next to nothing while figures are taken."""


def describe() -> dict[str, object]:
    """What a reader needs to judge the figures; `load` is the average over one minute before."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="minutes"),
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


@contextmanager
def cores_used(roots: Roots) -> Iterator[dict[str, float]]:
    """Filled when the block ends: mean number of cores used, by name; `others`: by anybody else.

    A process that ended meanwhile is counted once its parent has reaped it.
    """
    used: dict[str, float] = {}
    began, before, whole = time.monotonic(), _seconds(roots), _busy()
    yield used
    wall = time.monotonic() - began
    after = _seconds(roots)
    used.update({name: round((after[name] - before[name]) / wall, 3) for name in after})
    everything = (_busy() - whole) / wall
    used[OTHERS] = round(max(0.0, everything - sum(used.values())), 3)


def claim(used: dict[str, float], name: str, cores: float) -> None:
    """Give a process that ran and ended meanwhile its name: until now it is one of the others."""
    used[name] = round(cores, 3)
    used[OTHERS] = round(max(0.0, used[OTHERS] - cores), 3)


def seconds_of_children() -> float:
    """Processor time of everything we started: of what has ended, and of what runs."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    running = sum(_of_tree(child.pid) for child in psutil.Process().children())
    return ended.ru_utime + ended.ru_stime + running


async def others_now() -> float:
    """Cores in use during two seconds in which we do nothing ourselves."""
    began, whole = time.monotonic(), _busy()
    await asyncio.sleep(2)
    return (_busy() - whole) / (time.monotonic() - began)


def seconds_of(roots: Roots) -> dict[str, float]:
    """Processor time so far, by name."""
    return {name: _of_tree(pid) for name, pid in roots.items()}


def _seconds(roots: Roots) -> dict[str, float]:
    return seconds_of(roots) | {BENCH: _of_this_process()}


def _of_this_process() -> float:
    """Without the children: everything that is measured is one of them."""
    times = psutil.Process().cpu_times()
    return float(times.user + times.system)


def _of_tree(pid: int) -> float:
    try:
        root = psutil.Process(pid)
        times = root.cpu_times()
        total = times.user + times.system + times.children_user + times.children_system
        for child in root.children(recursive=True):
            try:
                of_child = child.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += of_child.user + of_child.system
    except psutil.NoSuchProcess:
        return 0.0
    return float(total)


def _busy() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice + getattr(times, "softirq", 0.0))


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
