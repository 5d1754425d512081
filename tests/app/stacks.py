"""`nest run` with small stand-in programs, and what is left of one."""

import sys
from functools import partial
from pathlib import Path

import psutil

from tests.support.ports import free_port
from tests.support.processes import Process
from tests.support.waiting import eventually


def stack(home: Path, *, port: int | None = None, **environ: str) -> Process:
    port = port or free_port()
    settings = {"NEST_HOME": str(home), "PORT": str(port), "PYTHONPATH": "."}
    command = (sys.executable, "-m", "tests.support.standin", "stack")
    return Process(*command, environ={**settings, **environ}, port=port)


def working_below(home: Path) -> list[psutil.Process]:
    """Every living process whose working directory or environment names this home."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(home) in process.cwd() or process.environ().get("NEST_HOME") == str(home):
                found.append(process)
        except psutil.Error:
            continue
    return found


async def nothing_left(home: Path, deadline: float = 10.0) -> None:
    await eventually(lambda: not working_below(home), deadline, why="no process is left")


def child(running: Process, word: str) -> psutil.Process:
    """The child of a stack whose command line has this word, or whose program has this name.

    Raises AssertionError while there is none.
    """
    for each in psutil.Process(running.pid).children():
        try:
            if word in each.cmdline() or word == each.name():
                return each
        except psutil.NoSuchProcess:
            continue
    raise AssertionError(f"no {word} now")


async def freeze(*processes: psutil.Process) -> None:
    """Stop them and wait until they stand: a signal that comes before would still be obeyed."""
    for process in processes:
        process.suspend()
    for process in processes:
        await eventually(partial(_stands, process))


def _stands(process: psutil.Process) -> bool:
    return process.status() == psutil.STATUS_STOPPED
