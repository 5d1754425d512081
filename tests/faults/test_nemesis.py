"""Faults by the schedules in seeds/: one of many kinds, and every one that ever found something.

`make nemesis` runs new ones, for half an hour, and keeps those that find something in seeds/.
"""

from pathlib import Path

import httpx
import pytest

from tests.faults.nemesis.__main__ import SEEDS, told
from tests.faults.nemesis.faults import FAULTS, choices
from tests.faults.nemesis.outage import RAW_503, outage
from tests.faults.nemesis.run import Result, run
from tests.faults.nemesis.schedule import Schedule, Step, plan, read, write
from tests.support.programs.browser import required_browser
from tests.support.programs.haproxy import running_haproxy
from tests.support.programs.installing import HAPROXY
from tests.support.programs.ports import free_port
from tests.support.waiting import eventually

KEPT = sorted(SEEDS.glob("*.json"))


@pytest.mark.faults
@pytest.mark.timeout(300)
@pytest.mark.parametrize("schedule", list(map(read, KEPT)), ids=[file.stem for file in KEPT])
async def test_no_promise_is_broken(home: Path, schedule: Schedule) -> None:
    """(OP2, OP4, OP6, AC1, CL3)"""
    lines: list[str] = []
    result: Result = await run(schedule, home, lines.append)
    print("\n".join(["", *lines, told(result)]))
    assert result.broken == {}
    assert len(result.ledger.kills) == sum(map(len, schedule.rounds))
    assert result.ledger.op_attempts.failed > 0, "no edit was hit by any fault"


def test_a_seed_decides_the_whole_schedule(tmp_path: Path) -> None:
    one, other = plan(7, 1800, choices(clock=True)), plan(7, 1800, choices(clock=True))
    assert one == other
    assert plan(8, 1800, choices(clock=True)) != one
    steps = [step for steps in one.rounds for step in steps]
    hit = [each.fault for step in steps for each in step.faults]
    assert set(hit[: len(FAULTS)]) == set(FAULTS), "every fault once before one comes twice"
    pairs = [step.faults for step in steps if step.beside is not None]
    assert 0.2 * len(steps) < len(pairs) < 0.5 * len(steps)
    for first, second in pairs:
        assert second.after <= first.seconds, "they overlap"
        assert needs(first).isdisjoint(needs(second)), "both can be injected at the same time"
    write(one, tmp_path / "kept.json")
    assert read(tmp_path / "kept.json") == one


def needs(step: Step) -> frozenset[str]:
    return FAULTS[step.fault].choice.needs(step.target)


@pytest.mark.faults
@pytest.mark.timeout(300)
async def test_nobody_is_refused_and_no_tab_loads_again_while_postgresql_is_away(
    home: Path,
) -> None:
    """(OP16, AC14)"""
    lines: list[str] = []
    HAPROXY.required()
    required_browser()
    seen = await outage(home, 1, lines.append)
    assert seen.figures == "0 raw 503, 0 interactions refused, 0 tabs reloaded"
    assert seen.problems == ()
    assert seen.newcomers.keys() == {200}
    assert seen.tabs.keys() > {"saved"}, "no tab has said that something is not saved"


async def test_an_answer_of_the_proxy_itself_is_counted() -> None:
    with running_haproxy(free_port(), free_port()) as proxy:
        async with httpx.AsyncClient() as client:

            async def refused() -> bool:
                try:
                    return (await client.get(proxy.url)).status_code == 503
                except httpx.TransportError:
                    return False

            await eventually(refused, why="nobody is behind the proxy")
            await eventually(lambda: RAW_503.findall(proxy.log), why="its log has the line")
