"""A process with a bug of ours in one of its loops ends, and says so by its exit code."""

import sys

import pytest

from tests.support.programs.processes import Process, web, worker

BROKEN = """
import sys

async def broken(*_: object) -> None:
    raise RuntimeError("a bug of ours")

import {module}
{module}.{method} = broken

from app.cli import main
sys.exit(main([{program!r}]))
"""


def with_bug(process: Process, *, program: str, module: str, method: str) -> Process:
    """The same process, in which one coroutine of ours fails."""
    code = BROKEN.format(program=program, module=module, method=method)
    return Process(sys.executable, "-c", code, environ=process.environ, port=process.port)


@pytest.mark.parametrize(
    ("module", "method"),
    [("realtime.rooms.hub", "Hub._tell_positions"), ("realtime.people.grants", "Grants.sweep")],
)
def test_a_broken_web_ends_with_an_exit_code(
    database_url: str, redis_url: str, module: str, method: str
) -> None:
    """Even though the loop takes every answer of a store for an outage."""
    started = web(database_url, redis_url)
    with with_bug(started, program="web", module=module, method=method) as process:
        assert process.wait() == 1
        assert "web_process_broken" in process.log


def test_a_broken_worker_ends_with_an_exit_code(database_url: str, redis_url: str) -> None:
    started = worker(database_url, redis_url)
    broken = with_bug(started, program="worker", module="workers.consumer", method="Consumer._next")
    with broken as process:
        assert process.wait() == 1
        assert "a bug of ours" in process.log
