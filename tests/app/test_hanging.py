"""`nest run` notices what hangs, and ends what an earlier run left, whatever state it is in."""

import http.client
import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.app.stacks import child, nothing_left, stack
from tests.support.processes import Process
from tests.support.waiting import eventually

pytestmark = pytest.mark.faults


def stall(running: Process) -> None:
    """Make the event loop of a stand-in stall: who asks gets no answer."""
    assert running.port is not None
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=0.2)
    with suppress(TimeoutError):
        connection.request("POST", "/hang")
        connection.getresponse()
    connection.close()


async def test_whatever_hangs_is_named_and_replaced(home: Path) -> None:
    with stack(home) as running:
        await running.ready()
        worker, valkey = child(running, "worker"), child(running, "valkey-server")
        stall(running)
        worker.suspend()
        valkey.suspend()
        killed = "has not answered for 10 s: it is killed and replaced"
        said = {
            f"web {killed}",
            f"worker {killed}",
            "valkey has not answered for 10 s: it is ended and started again",
        }
        await eventually(lambda: all(each in running.log for each in said), 60.0)
        await running.ready()
        await eventually(lambda: child(running, "worker").pid != worker.pid)
        await eventually(lambda: child(running, "valkey-server").pid != valkey.pid)


async def test_what_a_killed_run_left_hanging_is_ended_by_the_next(home: Path) -> None:
    with stack(home, STANDIN_ALONE="1") as first:
        await first.ready()
        left = [child(first, word) for word in ("web", "worker", "postgres", "valkey-server")]
        for process in left:
            process.suspend()
        first.kill()
        with stack(home, port=first.port) as second:
            await second.ready(90.0)
            assert f"(process {left[0].pid})" in second.log
            assert not any(map(_runs, left))
    await nothing_left(home)


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


async def test_several_web_processes_answer_on_one_port(home: Path) -> None:
    with stack(home, STANDIN_WEBS="2") as running:
        await eventually(lambda: "ready after" in running.log, 40.0)

        def answering() -> str:
            assert running.port is not None
            connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=2.0)
            connection.request("GET", "/readyz")
            node = connection.getresponse().read().decode()
            connection.close()
            return node.rpartition("web-")[2]

        first = answering()
        for process in psutil.Process(running.pid).children():
            with suppress(psutil.NoSuchProcess):
                if process.environ().get("NEST_NODE", "").endswith(f"web-{first}"):
                    os.kill(process.pid, signal.SIGSTOP)
        other = "2" if first == "1" else "1"
        assert [answering() for _ in range(5)] == [other] * 5  # nobody waits for the one that hangs
