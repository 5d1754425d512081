"""`nest web`, `nest worker` and `nest run` as they are."""

import asyncio
import http.client
import signal
import subprocess
from pathlib import Path

import pytest

from app.programs.ending import still_running
from tests.support.programs.ports import free_port
from tests.support.programs.processes import (
    CHECKOUT,
    Process,
    nest,
    passed_on,
    web,
    worker,
)
from tests.support.waiting import PATIENT_SECONDS, eventually

pytestmark = pytest.mark.faults


async def test_web_is_ready_and_ends_well_at_sigterm(database_url: str, redis_url: str) -> None:
    with web(database_url, redis_url) as process:
        await process.ready()
        assert process.stop() == 0
        assert "Traceback" not in process.log


async def test_web_does_not_tell_what_serves_it(database_url: str, redis_url: str) -> None:
    with web(database_url, redis_url) as process:
        await process.ready()
        connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=PATIENT_SECONDS)
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert answer.getheader("server") is None


async def test_web_says_that_its_port_is_busy(database_url: str, redis_url: str) -> None:
    with web(database_url, redis_url) as first:
        await first.ready()
        with web(database_url, redis_url, port=first.port) as second:
            assert second.wait() == 1
            assert f"PORT {first.port} on 127.0.0.1 is busy: process {first.pid} (" in second.log
            assert "Traceback" not in second.log


async def test_worker_ends_well_at_sigterm(database_url: str, redis_url: str) -> None:
    with worker(database_url, redis_url) as process:
        await eventually(lambda: "worker ready" in process.log)
        assert process.stop() == 0
        assert "Traceback" not in process.log


@pytest.mark.parametrize("command", ["web", "worker"])
def test_a_process_ends_when_its_supervisor_is_gone(
    database_url: str, redis_url: str, command: str
) -> None:
    environ = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "PORT": str(free_port())}
    with subprocess.Popen(
        nest(command, "--end-with-stdin"),
        cwd=CHECKOUT,
        env={**passed_on(), **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(PATIENT_SECONDS) == 0


async def test_everything_at_once(tmp_path: Path) -> None:
    port = free_port()
    environ = {"PORT": str(port), "NEST_HOME": str(tmp_path / "home")}
    with Process(*nest("run"), environ=environ, port=port) as stack:
        await stack.ready()
        await eventually(lambda: "ready after" in stack.log)
        assert f"{stack.url}/admin/login#" in stack.log
        # Beside it, a command finds servers and address through the home alone.
        beside_it = {name: value for name, value in stack.environ.items() if name != "PORT"}
        for command, said in (
            ("admin-link", f"{stack.url}/admin/login#"),
            ("migrate", "nest-haus-2025"),
            ("doctor", "Nothing is wrong."),
        ):
            beside = await asyncio.to_thread(
                subprocess.run,
                nest(command),
                cwd=CHECKOUT,
                env=beside_it,
                capture_output=True,
                text=True,
                check=False,
            )
            assert said in beside.stdout, beside.stdout + beside.stderr
        children = stack.children()
        stack.signal(signal.SIGINT)
        assert stack.wait() == 0
        assert still_running(children, within_seconds=5) == []
        assert "Traceback" not in stack.log
