"""`nest run`: ready, refused, stopped, killed. Its children are small stand-in programs."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.stacks import child, children, nothing_left, stack
from tests.support.programs.processes import Process
from tests.support.waiting import eventually

pytestmark = pytest.mark.faults


@pytest.fixture
def running(home: Path) -> Iterator[Process]:
    with stack(home) as process:
        process.ready_blocking()
        yield process


async def test_prints_the_three_addresses_when_ready(running: Process) -> None:
    await eventually(lambda: "ready after" in running.log)
    assert f"Configurator   {running.url}/" in running.log
    assert f"{running.url}/admin/login#once" in running.log
    assert f"API docs       {running.url}/docs" in running.log
    await eventually(lambda: "worker  | working" in running.log)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_stops_every_process(
    home: Path, running: Process, sign: signal.Signals
) -> None:
    assert len(running.children()) >= 6
    running.signal(sign)
    assert running.wait() == 0
    await nothing_left(home)


async def test_pressing_ctrl_c_again_and_again_leaves_nothing_either(
    home: Path, running: Process
) -> None:
    def press() -> bool:
        if running.alive:
            running.signal(signal.SIGINT)
        return not running.alive

    await eventually(press)
    assert running.wait() == 0
    await nothing_left(home)


@pytest.mark.parametrize("moment", ["home/lock", "home/postgres.new", "home/run", "home/valkey"])
async def test_a_signal_during_the_start_leaves_nothing(new_home: Path, moment: str) -> None:
    with stack(new_home) as process:
        await eventually((new_home.parent / moment).exists, why=moment)
        process.signal(signal.SIGTERM)
        assert process.wait() == 0
        await nothing_left(new_home)
    with stack(new_home) as process:  # and what it left on the disk is good to start from
        await process.ready()


async def test_a_child_that_ignores_the_signal_is_killed(home: Path) -> None:
    with stack(home, STANDIN_STUBBORN="1", NEST_SHUTDOWN_DEADLINE_SECONDS="1") as process:
        await process.ready()
        assert process.stop() == 0
        assert "web did not stop in time" in process.log
        await nothing_left(home)


async def test_a_killed_supervisor_leaves_nothing(home: Path) -> None:
    with stack(home, STANDIN_ALONE="1") as process:
        await process.ready()
        process.kill()
        await nothing_left(home)


async def test_the_next_start_takes_over_from_a_killed_one_at_once(home: Path) -> None:
    with stack(home, STANDIN_ALONE="1") as first:
        await first.ready()
        first.kill()
        with stack(home) as second:
            await second.ready()


async def test_a_crashed_child_comes_back(running: Process) -> None:
    first = await child(running, "web")
    first.kill()
    ended = r"^nest    \| [0-9-]{10}T[0-9:]{8}Z web ended with SIGKILL, again in 0.2 s$"
    await eventually(lambda: re.search(ended, running.log, re.MULTILINE))
    await eventually(lambda: children(running, "web") not in ([], [first]))
    await running.ready()


@pytest.mark.parametrize("name", ["postgres", "valkey-server"])
async def test_a_crashed_server_comes_back(running: Process, name: str) -> None:
    first = await child(running, name)
    first.kill()
    await eventually(lambda: children(running, name) not in ([], [first]))
    assert "ended with SIGKILL, again in 0.2 s" in running.log


async def test_a_second_start_on_the_same_home_is_refused_in_one_line(
    home: Path, running: Process
) -> None:
    with stack(home) as second:
        assert second.wait() == 1
        assert second.log == (
            f"nest: NEST_HOME {home} is in use by process {running.pid}. "
            "Stop it, or choose another NEST_HOME and PORT.\n"
        )
    assert running.is_ready()


async def test_a_busy_port_is_refused_in_one_line_before_anything_starts(
    home: Path, running: Process, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    with stack(other, port=running.port) as second:
        assert second.wait() == 1
        assert second.log == (
            f"nest: PORT {running.port} on 127.0.0.1 is busy: `nest run` in {home} (process "
            f"{running.pid}) listens there. Stop it, or choose another PORT.\n"
        )
    assert sorted(path.name for path in other.iterdir()) == ["lock"]


async def test_two_homes_run_side_by_side(running: Process, tmp_path: Path) -> None:
    with stack(tmp_path / "neighbour") as neighbour:
        await neighbour.ready()
        assert running.is_ready()


async def test_a_failed_preparation_ends_in_one_sentence(home: Path) -> None:
    with stack(home, STANDIN_FAILS="1") as process:
        assert process.wait() == 1
        last = process.log.splitlines()[-1]
        assert last.startswith("nest: The database postgresql:///nest could not be prepared: ")
        assert last.endswith("the catalogue is not readable, line 3")
        assert "Traceback" not in process.log
        await nothing_left(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_servers_of_root_run_as_somebody_else(running: Process) -> None:
    for name in ("postgres", "valkey-server"):
        assert (await child(running, name)).username() == "nobody"
