"""The JavaScript client: its pure state, then in Node on real web processes, over every transport."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from app.release import release
from tests.support.node import CLIENT, Node, NodeUnusableError, built_client, node_environ
from tests.support.processes import CHECKOUT, Process, web
from tests.support.servers import Servers, apart, flush, fresh_database

pytestmark = pytest.mark.e2e
RUN_SECONDS = 55


@dataclass(frozen=True, slots=True, kw_only=True)
class Houses:
    """Two web processes on the same database and Valkey."""

    database_url: str
    redis_url: str
    one: Process
    two: Process


@pytest.fixture(scope="module")
def node() -> Node:
    """Node with the client installed and built; without it these tests fail, with a sentence."""
    try:
        return built_client()
    except NodeUnusableError as problem:
        pytest.fail(str(problem))


@pytest.fixture(scope="module")
def houses(servers: Servers) -> Iterator[Houses]:
    flush(servers)
    with ExitStack() as stack:
        database_url = stack.enter_context(fresh_database(servers))
        apart(lambda: release(database_url))
        how: dict[str, Any] = {"NEST_LOG_FORMAT": "json"}
        urls = (database_url, servers.redis_url)
        running = Houses(
            database_url=database_url,
            redis_url=servers.redis_url,
            one=stack.enter_context(web(*urls, **how, NEST_NODE="one")),
            two=stack.enter_context(web(*urls, **how, NEST_NODE="two")),
        )
        yield running


@pytest.fixture(autouse=True)
def all_up(request: pytest.FixtureRequest) -> None:
    """Whatever the test before has killed runs again."""
    if "houses" in request.fixturenames:
        houses: Houses = request.getfixturevalue("houses")
        for process in (houses.one, houses.two):
            if not process.alive:
                process.start()
        for process in (houses.one, houses.two):
            process.ready_blocking(40)


def run_in_node(node: Node, file: str, **environ: str) -> None:
    """Run one file of tests with `node --test`; its report is the message of a failure."""
    done = subprocess.run(
        [node.program, "--test", "--test-reporter=spec", f"test/{file}"],
        cwd=CLIENT,
        env={**node_environ(node), **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=RUN_SECONDS,
    )
    print(done.stdout)  # noqa: T201
    if done.returncode:
        pytest.fail(f"{file}\n{done.stdout[-12_000:]}", pytrace=False)


def test_the_generated_types_and_codes_are_those_of_the_protocol() -> None:
    done = subprocess.run(
        [sys.executable, CLIENT / "scripts" / "generate.py", "--check"],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_has_a_hash_for_every_package_and_no_address() -> None:
    lock = (CLIENT / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in lock
    assert '"resolved"' not in lock
    packages = lock.count('"node_modules/')
    assert lock.count('"integrity": "sha512-') == packages > 0


def test_the_pure_state_under_random_interleavings(node: Node) -> None:
    run_in_node(node, "state.test.mjs")


def live(houses: Houses) -> dict[str, str]:
    return {
        "NEST_ONE": houses.one.url,
        "NEST_TWO": houses.two.url,
        "NEST_ONE_PID": str(houses.one.pid),
    }


def test_in_node_on_every_transport(node: Node, houses: Houses) -> None:
    run_in_node(node, "live/client.test.mjs", **live(houses))


def test_a_killed_process_is_taken_over(node: Node, houses: Houses) -> None:
    run_in_node(node, "live/killed.test.mjs", **live(houses))
    assert not houses.one.alive
