"""The conformance kit: our server and both clients keep every rule; who does not is found out."""

import asyncio
import json
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.realtime.conftest import StartWeb
from tests.support.node import CLIENT, NodeUnusableError, built_client, node_environ
from tests.support.processes import CHECKOUT

PYTHON_DRIVER = CHECKOUT / "clients" / "python" / "examples" / "driver.py"
JS_DRIVER = CLIENT / "examples" / "driver.mjs"
CARELESS_DRIVER = Path(__file__).parent / "careless_driver.py"

pytestmark = pytest.mark.timeout(150)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the kit printed."""

    code: int
    broken: dict[str, str]
    kept: set[str]
    skipped: set[str]


async def conformance(url: str, *arguments: str, **environ: str) -> Report:
    """Run `nest conformance` as a developer does."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "conformance", "--url", url, "--json", *arguments),
        stdout=asyncio.subprocess.PIPE,
        cwd=CHECKOUT,
        env={**os.environ, **environ},
    )
    output, _ = await process.communicate()
    broken: dict[str, str] = {}
    states: dict[str, set[str]] = {"kept": set(), "broken": set(), "skipped": set()}
    for line in output.splitlines():
        verdict = json.loads(line)
        states[verdict["state"]] |= set(verdict["rules"])
        if verdict["state"] == "broken":
            broken |= dict.fromkeys(verdict["rules"], verdict["why"])
    return Report(
        code=process.returncode or 0,
        broken=broken,
        kept=states["kept"] - states["broken"],
        skipped=states["skipped"],
    )


async def test_our_server_keeps_the_rules(start_web: StartWeb) -> None:
    web = await start_web("one", limit_scale=1)
    report = await conformance(web.url)
    assert report.broken == {}
    assert report.skipped == set()
    assert report.code == 0
    assert len(report.kept) > 50


async def test_the_python_client_keeps_the_rules(start_web: StartWeb) -> None:
    """(CL1) (CL2) (CL3) (CL4) (CL5) (CL6)"""
    web = await start_web("one")
    driver = f"{shlex.quote(sys.executable)} {shlex.quote(str(PYTHON_DRIVER))}"
    report = await conformance(web.url, "--client", driver)
    assert (report.code, report.broken, report.skipped) == (0, {}, set())
    assert {f"CL{number}" for number in range(1, 7)} <= report.kept


async def test_the_javascript_client_keeps_the_rules(start_web: StartWeb) -> None:
    """(CL1) (CL2) (CL3) (CL4) (CL5) (CL6)"""
    try:
        node = await asyncio.to_thread(built_client)
    except NodeUnusableError as problem:
        pytest.fail(str(problem))
    web = await start_web("one")
    driver = f"{shlex.quote(str(node.program))} {shlex.quote(str(JS_DRIVER))}"
    report = await conformance(web.url, "--client", driver, **node_environ(node))
    assert (report.code, report.broken, report.skipped) == (0, {}, set())
    assert {f"CL{number}" for number in range(1, 7)} <= report.kept


async def test_a_careless_client_is_found_out(start_web: StartWeb) -> None:
    """The kit can fail: token in the address, no recovery, no retry, no patience, no pending."""
    web = await start_web("one")
    driver = f"{shlex.quote(sys.executable)} {shlex.quote(str(CARELESS_DRIVER))}"
    report = await conformance(web.url, "--client", driver, "--seconds", "8", "CN2", "CL4", "CL5")
    assert report.code == 1
    assert {"CN2", "CL4", "CL5"} <= report.broken.keys()
    assert "in the address" in report.broken["CN2"]


async def test_no_server_is_said_plainly() -> None:
    assert (await conformance("http://127.0.0.1:9")).code == 2
