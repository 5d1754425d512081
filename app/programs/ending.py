"""Ends processes, also foreign ones: asks them, waits, kills them."""

import signal
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

import psutil

POLL_SECONDS: Final = 0.02


def end_processes(
    processes: Iterable[psutil.Process], steps: Sequence[tuple[signal.Signals, float]]
) -> list[psutil.Process]:
    """Send each signal to the processes that still run, and wait for its number of seconds; blocks.

    Returns the processes that still run after the last step.
    """
    left = list(processes)
    for sign, wait_seconds in steps:
        for process in left:
            with suppress(psutil.Error):
                process.send_signal(sign)
                process.resume()  # a stopped process obeys only SIGKILL
        left = still_running(left, within_seconds=wait_seconds)
    return left


def still_running(
    processes: Iterable[psutil.Process], *, within_seconds: float
) -> list[psutil.Process]:
    """The processes that have not ended in time; an ended one counts even if it was not reaped."""
    left, ends = list(processes), time.monotonic() + within_seconds
    while (left := [each for each in left if runs(each)]) and time.monotonic() < ends:
        time.sleep(POLL_SECONDS)
    return left


def runs(process: psutil.Process) -> bool:
    """Whether it runs. psutil's `wait_procs` would wait for zombies, which a container may never reap."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
