"""The machine on which a figure was measured, and the processor time of all processes."""

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
"""The name and the process id of the root of each tree of processes."""

BENCH = "bench"
"""The name of this process, which is always counted."""

OTHERS = "others"
"""All other programs on the machine, which should use next to nothing during a measurement."""


def describe() -> dict[str, object]:
    """The facts that a reader needs to judge the figures; `load` is the mean of the last minute."""
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
    """The mean number of cores used, by name; filled when the block ends.

    `others` are other programs.

    A process that ends in the block counts as soon as its parent has reaped it.
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
    """Count a process that ran and ended in the block by its own name, not as one of the others."""
    used[name] = round(cores, 3)
    used[OTHERS] = round(max(0.0, used[OTHERS] - cores), 3)


def seconds_of_children() -> float:
    """The processor time of all our children, ended or running, in seconds."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    running = sum(_of_tree(child.pid) for child in psutil.Process().children())
    return ended.ru_utime + ended.ru_stime + running


async def others_now() -> float:
    """The cores in use during two seconds in which this process does nothing."""
    began, whole = time.monotonic(), _busy()
    await asyncio.sleep(2)
    return (_busy() - whole) / (time.monotonic() - began)


def seconds_of(roots: Roots) -> dict[str, float]:
    """The processor time so far, in seconds, by name."""
    return {name: _of_tree(pid) for name, pid in roots.items()}


def _seconds(roots: Roots) -> dict[str, float]:
    return seconds_of(roots) | {BENCH: _of_this_process()}


def _of_this_process() -> float:
    """This process without its children, which are measured on their own."""
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
