"""Ending web and worker processes that an earlier `nest run` left in a NEST_HOME.

What it left of the embedded servers is ended by `app.server_process.end_leftovers`.

A child ends with its supervisor unless it hangs: then nobody reads the line that closed, and a
stopped process keeps the kernel's signal for later. The caller holds the lock of the home, so no
supervisor of it lives, and whatever carries its mark was left over.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from app.children import Program, kill_group

ASKED_SECONDS: Final = 5.0
"""For a process that was asked to stop; one that still works needs less."""

POLL_SECONDS: Final = 0.02


def end_left_programs(home: Path, programs: Sequence[Program]) -> list[str]:
    """End what is left of these programs in `home`; blocks. Returns a description of each.

    They are recognised by their command line and by the NEST_HOME in their environment, which only
    the same user or root can read, not by a number from a file. Asked to stop, and killed after
    `ASKED_SECONDS`.
    """
    left = [each for each in psutil.process_iter() if _is_left(each, home, programs)]
    told = [f"{' '.join(each.cmdline()[1:4])} (process {each.pid})" for each in left if _runs(each)]
    for process in left:
        with suppress(psutil.Error):
            process.terminate()
            process.resume()  # a stopped process obeys no signal but SIGKILL
    ends = time.monotonic() + ASKED_SECONDS
    while any(map(_runs, left)) and time.monotonic() < ends:
        time.sleep(POLL_SECONDS)
    for process in filter(_runs, left):
        with suppress(psutil.Error):
            process.kill()
    for process in left:
        kill_group(process.pid)
    while any(map(_runs, left)) and time.monotonic() < ends + ASKED_SECONDS:
        time.sleep(POLL_SECONDS)
    return told


def _is_left(process: psutil.Process, home: Path, programs: Sequence[Program]) -> bool:
    try:
        arguments = process.cmdline()[1:]
        ours = any(
            arguments[: len(each.command) - 1] == list(each.command[1:]) for each in programs
        )
        if not ours:
            return False
        named = process.environ().get("NEST_HOME", "")
        return bool(named) and (Path(process.cwd()) / named).resolve() == home.resolve()
    except (psutil.Error, OSError):
        return False


def _runs(process: psutil.Process) -> bool:
    """Not psutil's `wait_procs`: it waits for zombies, which nobody may ever reap in a container."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
