"""The product as `deploy/` has it: two web processes and a worker behind HAProxy."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.stage import Stage, running_stage
from tests.support.programs.haproxy import all_take_part, running_haproxy
from tests.support.programs.ports import free_port
from tests.support.programs.processes import Process
from tests.support.programs.servers import Servers
from tests.support.waiting import eventually_blocking


@pytest.fixture(scope="module")
def stage(servers: Servers) -> Iterator[Stage]:
    """The processes behind the proxy, with a database of their own for each module."""
    settings = {
        "NEST_TRUSTED_PROXIES": "127.0.0.1",
        "NEST_DRAIN_SECONDS": "2",
        # Starting processes use all cores of a small machine; Redis may then answer after 0.5 s.
        "NEST_REDIS_DEADLINE_SECONDS": "5",
    }
    with running_stage(servers, **settings) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(stage: Stage) -> Iterator[Process]:
    with running_haproxy(stage.one.port or 0, stage.two.port or 0) as process:
        yield process


@pytest.fixture(autouse=True)
def all_up(request: pytest.FixtureRequest) -> None:
    """Both processes run, also those that the test before has stopped, and the proxy uses them."""
    if "stage" not in request.fixturenames:
        return
    stage: Stage = request.getfixturevalue("stage")
    for process in (stage.one, stage.two):
        if not process.alive:
            process.start()
        process.ready_blocking()
    if "proxy" in request.fixturenames:
        proxy: Process = request.getfixturevalue("proxy")
        eventually_blocking(lambda: all_take_part(proxy), why="HAProxy uses both processes")


@pytest.fixture
def lonely() -> Iterator[Process]:
    """HAProxy behind which nobody is; its two ports are kept free until the test is over."""
    with ExitStack() as stack:
        ports = [free_port(), free_port()]
        for port in ports:
            taken = stack.enter_context(socket.socket())
            taken.bind(("127.0.0.1", port))  # and does not listen
        yield stack.enter_context(running_haproxy(*ports))
