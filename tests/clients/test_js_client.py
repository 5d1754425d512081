"""The JavaScript client: its pure state, then on real web processes, in Node and in Chromium.

The parts in JavaScript are in clients/js/test. Playwright runs an event loop in this thread: no async
tests in this module.
"""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.admin_link import mint_admin_link
from tests.support.programs.browser import running_browser
from tests.support.programs.node import (
    CLIENT,
    Node,
    NodeUnusableError,
    built_client,
    find_node,
    node_environ,
)
from tests.support.programs.processes import CHECKOUT, Process, web
from tests.support.programs.servers import Servers, apart, flush, fresh_database
from tests.support.waiting import eventually_blocking

pytestmark = pytest.mark.e2e
RUN_SECONDS = 120
PURE_STATE = sorted(path.name for path in (CLIENT / "test" / "state").glob("*.test.mjs"))


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


def test_without_a_node_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NodeUnusableError, match=r"Node\.js 20 or newer .* put it on PATH"):
        find_node()


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
    print(done.stdout)
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


@pytest.mark.parametrize("file", PURE_STATE)
def test_the_pure_state(node: Node, file: str) -> None:
    """(CL1, CL2, CL3, CL4, CL6)"""
    run_in_node(node, f"state/{file}")


def test_a_package_that_is_not_installed_is_named_at_once(node: Node) -> None:
    run_in_node(node, "missing.test.mjs")


def test_requests_that_are_too_much_at_once_are_sent_again(node: Node) -> None:
    """(LM1)"""
    run_in_node(node, "rest.test.mjs")


def live(houses: Houses) -> dict[str, str]:
    return {
        "NEST_ONE": houses.one.url,
        "NEST_TWO": houses.two.url,
        "NEST_ONE_PID": str(houses.one.pid),
    }


def test_in_node_on_every_transport(node: Node, houses: Houses) -> None:
    """(AC15, CL3, CL4, CL5, LM1, OP4, OP7, OP17, TR1)"""
    run_in_node(node, "live/client.test.mjs", **live(houses))
    assert apart(lambda: houses_of(houses.database_url, "client_1_js")) == 1


async def houses_of(database_url: str, session: str) -> int:
    """The number of houses of this session, which its client named when it made them."""
    connection = await asyncpg.connect(database_url)
    try:
        found = await connection.fetchval(
            "SELECT count(configuration_id) FROM sessions WHERE external_id = $1", session
        )
    finally:
        await connection.close()
    return int(found)


def test_programs_on_the_official_socketio_client(node: Node, houses: Houses) -> None:
    """(TR13, TR14, TR15, OP19)"""
    run_in_node(node, "live/socketio.test.mjs", **live(houses))


def test_links_and_roles_are_ended(node: Node, houses: Houses) -> None:
    """(AU6, AU7, AU8, AU9, AU10, AU11, JN10)"""
    run_in_node(node, "live/access.test.mjs", **live(houses))


def test_admins_watch_on_every_transport(node: Node, houses: Houses) -> None:
    """(AC3, AC4)"""
    run_in_node(node, "live/admin.test.mjs", NEST_ADMIN_TOKEN=admin_token(houses), **live(houses))


def admin_token(houses: Houses) -> str:
    """The token of a new admin session."""
    link = apart(lambda: mint_admin_link(houses.database_url, houses.one.url))
    login = httpx.post(f"{houses.one.url}/api/admin/login", json={"token": link.partition("#")[2]})
    return login.cookies["nest_admin"]


def test_a_killed_process_is_taken_over(node: Node, houses: Houses) -> None:
    """(OP2, OP4, OP6, CL3)"""
    run_in_node(node, "live/killed.test.mjs", **live(houses))
    assert not houses.one.alive


def test_the_quick_start_of_the_readme_runs(node: Node, houses: Houses) -> None:
    readme = (CLIENT / "README.md").read_text(encoding="utf-8")
    program = (CLIENT / "examples" / "quickstart.mjs").read_text(encoding="utf-8")
    assert f"```js\n{program}```" in readme
    done = subprocess.run(
        [node.program, "examples/quickstart.mjs"],
        cwd=CLIENT,
        env={**node_environ(node), "NEST_URL": houses.one.url},
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].startswith("committed 241900 "), done.stdout


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of its own; errors in the scripts of its pages fail the test."""
    problems: list[str] = []
    context = browser.new_context()
    context.set_default_timeout(15_000)
    context.on("weberror", lambda error: problems.append(str(error.error)))
    yield context
    context.close()
    assert problems == []


@pytest.fixture
def page_url(node: Node, houses: Houses) -> Iterator[str]:
    """The example page with the built bundle, served as the README says."""
    environ = {"NEST_URL": houses.one.url, "PORT": "0"}
    program = CLIENT / "examples" / "serve.mjs"
    with Process(str(node.program), str(program), environ=environ) as served:
        said = eventually_blocking(
            lambda: re.search(r"http://\S+", served.log), 20.0, why="the page is served"
        )
        assert said is not None
        yield said[0]


def opened(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(url)
    expect(page.locator("#status")).to_have_text("saved", timeout=20_000)
    return page


def shows(page: Page, size: str, version: int) -> None:
    expect(page.locator("#version")).to_have_text(str(version), timeout=20_000)
    expect(page.get_by_role("button", pressed=True)).to_have_text(size)


def test_in_chromium_two_pages_edit_and_outlive_the_process(
    context: BrowserContext, houses: Houses, page_url: str
) -> None:
    """One page on each transport; the process is killed and a new one comes to its address."""
    anna = opened(context, f"{page_url}#/websocket")
    again = (anna.locator("#again").get_attribute("href") or "").replace("websocket", "socketio")
    ben = opened(context, f"{page_url}{again}")
    expect(anna.locator("#members")).to_have_text("2", timeout=20_000)
    anna.get_by_role("button", name="nest120").click()
    shows(anna, "nest120", 1)
    shows(ben, "nest120", 1)
    ben.get_by_role("button", name="nest160").click()
    shows(anna, "nest160", 2)
    assert anna.locator("#total").text_content() == ben.locator("#total").text_content()

    houses.one.kill()
    for page, size in ((anna, "nest100"), (ben, "nest140")):
        expect(page.locator("#status")).to_have_text("offline", timeout=20_000)
        page.get_by_role("button", name=size).click()
        expect(page.get_by_role("button", pressed=True)).to_have_text(size)
    houses.one.start().ready_blocking(40)
    for page in (anna, ben):
        expect(page.locator("#version")).to_have_text("4", timeout=40_000)
        expect(page.locator("#status")).to_have_text("saved", timeout=20_000)
        expect(page.locator("#members")).to_have_text("2", timeout=20_000)
    last = anna.get_by_role("button", pressed=True).text_content()
    assert last in {"nest100", "nest140"}
    assert ben.get_by_role("button", pressed=True).text_content() == last
