"""Ends web and worker processes that an earlier `nest run` left in a NEST_HOME.

`app.programs.server_process.end_leftovers` ends left embedded servers.

A child ends with its supervisor unless it hangs: a hanging process does not read that its input has
closed, and a stopped one receives the kernel's signal only later. The caller holds the lock of the
home, so no supervisor of it is alive, and every process with its mark was left over.
"""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psutil

from app.programs.children import Program, kill_group
from app.programs.ending import end_processes, runs, still_running

ASKED_SECONDS: Final = 5.0
"""Seconds for a process that was asked to stop; a working one needs less."""


def end_left_programs(home: Path, programs: Sequence[Program]) -> list[str]:
    """End left processes of these programs in `home`; blocks. Returns a description of each.

    They are recognised by their command line and by the NEST_HOME in their environment, which only
    the same user or root can read, not by a process id from a file. They are asked to stop, and
    killed after `ASKED_SECONDS`.
    """
    left = [each for each in psutil.process_iter() if _is_left(each, home, programs)]
    told = [f"{' '.join(each.cmdline()[1:4])} (process {each.pid})" for each in left if runs(each)]
    end_processes(left, ((signal.SIGTERM, ASKED_SECONDS), (signal.SIGKILL, 0)))
    for process in left:
        kill_group(process.pid)
    still_running(left, within_seconds=ASKED_SECONDS)
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
