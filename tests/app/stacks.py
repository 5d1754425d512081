"""`nest run` with small stand-in programs, and what is left of one."""

import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil

from tests.support.programs.ports import free_port
from tests.support.programs.processes import Process
from tests.support.waiting import eventually


def stack(home: Path, *, port: int | None = None, **environ: str) -> Process:
    port = port or free_port()
    settings = {"NEST_HOME": str(home), "PORT": str(port), "PYTHONPATH": "."}
    command = (sys.executable, "-m", "tests.support.faults.standin", "stack")
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


async def nothing_left(home: Path) -> None:
    await eventually(lambda: not working_below(home), why="no process is left")


def children(running: Process, *words: str) -> list[psutil.Process]:
    """The children of a stack whose command line, or the name of whose program, has these words."""
    found = []
    for each in psutil.Process(running.pid).children():
        with suppress(psutil.NoSuchProcess):  # it has ended since it was listed
            if {*words} <= {each.name(), *each.cmdline()}:
                found.append(each)
    return found


async def child(running: Process, word: str) -> psutil.Process:
    """The first such child, once there is one."""
    return (await eventually(lambda: children(running, word), why=f"{word} runs"))[0]


async def freeze(*processes: psutil.Process) -> None:
    """Stop them and wait until they stand: a signal that comes before would still be obeyed."""
    for process in processes:
        process.suspend()
    for process in processes:
        await eventually(partial(_stands, process))


def _stands(process: psutil.Process) -> bool:
    return process.status() == psutil.STATUS_STOPPED
