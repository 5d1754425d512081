"""Processes that are killed, frozen, restarted or told the wrong time."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psutil

from tests.faults.nemesis.field import Field
from tests.faults.nemesis.schedule import Step

STOP_SECONDS = 40.0


@asynccontextmanager
async def killed(field: Field, step: Step) -> AsyncIterator[None]:
    """SIGKILL; started again at the end, as a supervisor does."""
    name = step.target
    with field.ended(name):
        if name in field.stand.processes:
            field.process(name).kill()
            yield
            field.process(name).start()
        else:
            field.server(name).kill()
            yield
            await field.server(name).start_async()


@asynccontextmanager
async def stopped(field: Field, step: Step) -> AsyncIterator[None]:
    """Stopped in good order, as an operator does; then away."""
    name = step.target
    with field.ended(name):
        if name in field.stand.processes:
            await _stop(field, name)
            yield
            field.process(name).start()
        else:
            await field.server(name).stop_async()
            yield
            await field.server(name).start_async()


@asynccontextmanager
async def frozen(field: Field, step: Step) -> AsyncIterator[None]:
    """SIGSTOP to it and its children: connections stay, nothing answers."""
    one = psutil.Process(field.pid(step.target))
    everything = [one, *one.children(recursive=True)]
    for process in everything:
        _send(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in everything:
            _send(process, signal.SIGCONT)


@asynccontextmanager
async def rolled(field: Field, step: Step) -> AsyncIterator[None]:
    """A rolling restart of all processes of one kind: the next one when the last one is ready."""
    for name in [each for each in field.stand.processes if each.startswith(step.target)]:
        with field.ended(name):
            await _stop(field, name)
            process = field.process(name).start()
        if process.port is not None:
            await process.ready()
    yield


@asynccontextmanager
async def clock_off(field: Field, step: Step) -> AsyncIterator[None]:
    """The clock of one web process jumps, and back at the end."""
    assert field.clock is not None
    field.clock.write_text(step.target)
    try:
        yield
    finally:
        field.clock.write_text("+0")


async def _stop(field: Field, name: str) -> None:
    code = await asyncio.to_thread(field.process(name).stop, STOP_SECONDS)
    if code:
        field.ledger.problems.append(f"{name} ended with {code} after SIGTERM")


def _send(process: psutil.Process, sign: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(sign)
