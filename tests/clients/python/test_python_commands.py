"""`nest tail`, `nest edit` and `nest soak`, run as programs against a real web process."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from nest_haus_client import (
    Apply,
    Clear,
    Client,
    House,
    LoggedOp,
    Outcome,
    Person,
    Redo,
    Select,
    SetQuantity,
    StoredHouse,
    Undo,
    new_op_id,
)

from app.commands.clients.edit import ArgumentError, parse
from app.commands.clients.ledger import audit, compare
from app.commands.clients.show import TerminalColours, as_arguments, money
from tests.realtime.conftest import RunningWeb
from tests.storage.link import link_to
from tests.support.programs.ports import free_port
from tests.support.programs.processes import CHECKOUT, nest, passed_on

LONG = 60.0


@asynccontextmanager
async def started(*command: str, **environ: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """One command while the block runs; ended with it."""
    process = await asyncio.create_subprocess_exec(
        *nest(*command),
        cwd=CHECKOUT,
        env={**passed_on(), "PORT": str(free_port()), **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LONG):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def call(*command: str, **environ: str) -> tuple[int, str, str]:
    async with started(*command, **environ) as process:
        said, complained = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode(), complained.decode()


async def line_of(process: asyncio.subprocess.Process, *, having: str = "") -> str:
    """The next line of its output that has this."""
    assert process.stdout is not None
    while True:
        line = (await process.stdout.readline()).decode()
        assert line, "it has ended"
        if having in line:
            return line.rstrip()


@asynccontextmanager
async def a_house(web: RunningWeb) -> AsyncIterator[tuple[Client, House]]:
    async with Client.register(web.url, name="Anna") as client:
        yield client, await client.join((await client.create()).code)


# ---- nest edit


async def test_edit_commits_several_changes_as_one(web: RunningWeb) -> None:
    async with a_house(web) as (client, house):
        code, said, _ = await call(
            "edit", house.code, "nest=nest120", "pvanlage=pv_panels:8", "fenster=pvc",
            "--url", web.url, NEST_TOKEN=client.token,
        )  # fmt: skip
        assert code == 0
        assert said.startswith("committed  version 1  nest: nest80 → nest120, ")
        assert "pvanlage: - → pv_panels x8" in said
        await house.reached(1)
        assert said.rstrip().endswith(money(house.total_cents))
        assert "\x1b" not in said


async def test_edit_says_why_it_was_refused_and_what_would_do(web: RunningWeb) -> None:
    async with a_house(web) as (client, house):
        at = ("--url", web.url, "--token", client.token)
        code, said, _ = await call("edit", house.code, "pvanlage=pv_panels:500", *at)
        assert code == 1
        assert said.startswith("rejected  nothing was changed")
        assert "(quantity_above_maximum)" in said
        assert f"nest edit {house.code} pvanlage=pv_panels:8" in said
        assert house.version == 0


async def test_edit_without_a_token_is_an_advisor_of_its_own(
    web: RunningWeb, database_url: str, tmp_path: Path
) -> None:
    async with a_house(web) as (_, house):
        beside = {"DATABASE_URL": database_url, "NEST_HOME": str(tmp_path)}
        for command in (["nest=nest120"], ["--undo"]):  # the same person again
            code, said, complained = await call(
                "edit", house.code, *command, "--url", web.url, **beside
            )
            assert code == 0, said + complained
        await house.reached(2)
        assert house.selection["nest"].option == "nest80"
        token = tmp_path / "nest-edit.token"
        assert stat.S_IMODE(token.stat().st_mode) == 0o600


async def test_the_same_op_id_again_changes_nothing_more(web: RunningWeb) -> None:
    """(OP4)"""
    async with a_house(web) as (client, house):
        at = ("--url", web.url, "--op-id", str(new_op_id()))
        for _ in range(2):
            code, said, _ = await call(
                "edit", house.code, "nest=nest120", *at, NEST_TOKEN=client.token
            )
            assert (code, "version 1" in said) == (0, True)
        assert (await client.read(house.code)).version == 1


async def test_edit_tells_what_is_missing_in_a_sentence(tmp_path: Path, database_url: str) -> None:
    alone = {"NEST_HOME": str(tmp_path)}
    for command, environ, said in (
        (["7K3M9QXA", "nest=nest80"], alone, "needs to know who it is: --token or NEST_TOKEN"),
        (["7K3M9QXA"], {**alone, "NEST_TOKEN": "x" * 20}, "Say what to change"),
        (["7K3M9QXA", "nest"], {**alone, "NEST_TOKEN": "x" * 20}, "'nest' is not understood"),
        (["0000ZZZZ", "nest="], {**alone, "DATABASE_URL": database_url}, "There is no house"),
    ):
        code, _, complained = await call("edit", *command, **environ)
        assert code == 2
        assert complained.startswith("nest: ")
        assert said in complained
        assert complained.count("\n") == 1


async def test_edit_where_nobody_answers_says_how_to_go_on() -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    code, _, complained = await call(
        "edit", "7K3M9QXA", "nest=nest80", "--url", nobody, "--timeout", "0.2", NEST_TOKEN="x" * 20
    )
    assert code == 2
    assert f"{nobody} has not answered within 0.2 s" in complained
    assert "--op-id" in complained


# ---- nest tail


async def test_tail_shows_versions_people_and_reasons_over_a_lost_connection(
    web: RunningWeb, database_url: str
) -> None:
    async with (
        a_house(web) as (_, house),
        link_to(web.url) as link,
        started("tail", house.code, "--url", link.url, DATABASE_URL=database_url) as tail,
    ):
        assert f"{house.code} at version 0" in await line_of(tail)
        await house.select("nest", "nest120")
        first = await line_of(tail, having="nest120")
        assert first.split()[:2] == ["1", "Anna"]
        assert first.endswith(f"= {money(house.total_cents)}")

        link.cut(refuse=True)
        await line_of(tail, having="connection lost")
        await house.apply([Select("nest", "nest160"), Select("pvanlage", "pv_panels", 16)])
        await house.select("nest", "nest80")
        link.mend()
        assert (await line_of(tail, having="apply")).split()[0] == "2"
        assert "(by rule)" in await line_of(tail, having="    3")
        assert "(quantity_reduced)" in await line_of(tail)


async def test_tail_as_json_is_one_object_a_line(web: RunningWeb) -> None:
    async with a_house(web) as (client, house):
        at = ("--url", web.url, "--json")
        async with started("tail", house.code, *at, NEST_TOKEN=client.token) as tail:
            begun = json.loads(await line_of(tail))
            assert (begun["event"], begun["version"]) == ("replaced", 0)
            outcome = await house.select("nest", "nest120")
            changed = json.loads(await line_of(tail, having='"changed"'))
            assert changed["op_id"] == str(outcome.op_id)
            assert changed["total_cents"] == outcome.total_cents
            assert changed["author"]["name"] == "Anna"
            assert changed["changes"][0]["after"] == {"option": "nest120"}


async def test_tail_of_an_unknown_house_ends_in_one_sentence(
    web: RunningWeb, database_url: str
) -> None:
    code, _, complained = await call(
        "tail", "0000ZZZZ", "--url", web.url, DATABASE_URL=database_url
    )
    assert code == 1
    assert complained.startswith("nest: This house does not exist")
    assert complained.count("\n") == 1


# ---- nest soak


async def test_soak_finds_nothing_wrong(web: RunningWeb) -> None:
    """With this seed each of the four people is cut before their first op. (CL1, CL3)"""
    load = ("--rooms", "2", "--clients", "2", "--seconds", "2", "--rate", "5")
    cuts = ("--drop-every", "0.5", "--seed", "242")
    code, said, complained = await call("soak", "--url", web.url, *load, *cuts)
    assert code == 0, said + complained
    assert said.rstrip().endswith("Nothing was wrong.")
    assert " 0 cut" not in said.splitlines()[-3]


async def test_soak_without_a_server_ends_in_one_sentence() -> None:
    code, _, complained = await call("soak", "--url", f"http://127.0.0.1:{free_port()}")
    assert code == 1
    assert "cannot be prepared" in complained
    assert "Traceback" not in complained


# ---- the parts that decide


def stored(version: int, total_cents: int = 100) -> StoredHouse:
    return StoredHouse(
        id=new_op_id(),
        code="7K3M9QXA",
        epoch=new_op_id(),
        version=version,
        choices={},
        derived={"price": {"total_cents": total_cents}},
        role="owner",
    )


def outcome_at(version: int, name: Literal["committed", "rejected"] = "committed") -> Outcome:
    return Outcome(
        configuration=new_op_id(),
        op_id=new_op_id(),
        outcome=name,
        version=version,
        total_cents=100,
    )


def logged(outcome: Outcome, version: int, total_cents: int = 100) -> LoggedOp:
    return LoggedOp(
        version=version,
        op_id=outcome.op_id,
        outcome="committed",
        author=Person(id=new_op_id(), name="Anna", colour=0),
        operation=Select("nest", "nest80"),
        changes=[],
        reasons=[],
        total_cents=total_cents,
        at=datetime.now(UTC),
    )


def test_the_audit_finds_every_kind_of_violation() -> None:
    good, refused = outcome_at(1), outcome_at(1, "rejected")
    log = [logged(good, 1)]
    asked = frozenset((good.op_id, refused.op_id))
    acknowledged = {good.op_id: good, refused.op_id: refused}

    def wrong(**changed: object) -> str:
        facts = {"log": log, "stored": stored(1), "acknowledged": acknowledged, "asked": asked}
        found = audit("X", **{**facts, **changed})  # type: ignore[arg-type]
        return "; ".join(found)

    assert wrong() == ""
    assert "without gap" in wrong(stored=stored(2))
    assert "twice" in wrong(log=[*log, logged(good, 2)], stored=stored(2))
    assert "not in the log" in wrong(log=[], stored=stored(0))
    assert "another price" in wrong(log=[logged(good, 1, 99)])
    assert "was refused, but" in wrong(
        log=[logged(refused, 1)], acknowledged={refused.op_id: refused}
    )
    assert "asked for by nobody" in wrong(asked=frozenset())
    assert "stored price" in wrong(stored=stored(1, 5))


async def test_a_client_that_shows_something_else_is_found(web: RunningWeb) -> None:
    async with a_house(web) as (client, house):
        now = await client.read(house.code)
        assert compare("Anna", house, now) == []
        assert "version" in compare("Anna", house, stored(4))[0]
        assert "selection" in compare("Anna", house, stored(0))[0]


@pytest.mark.parametrize(
    ("written", "operation"),
    [
        (["nest=nest120"], Select("nest", "nest120")),
        (["pvanlage=pv_panels:8"], Select("pvanlage", "pv_panels", 8)),
        (["pvanlage=:8"], SetQuantity("pvanlage", 8)),
        (["fenster="], Clear("fenster")),
        (["nest=nest80", "fenster="], Apply((Select("nest", "nest80"), Clear("fenster")))),
    ],
)
def test_a_written_file_is_read_and_written_again(
    written: list[str], operation: Select | SetQuantity | Clear | Apply
) -> None:
    assert parse(written) == operation
    assert as_arguments(operation).split() == written


@pytest.mark.parametrize(
    "word", ["", "nest", "=nest80", "nest=a:b", "nest=nest80:", "n=a=b", "n=a:-1"]
)
def test_an_unreadable_file_is_refused(word: str) -> None:
    with pytest.raises(ArgumentError, match="category=option"):
        parse([word])


def test_money_and_colours() -> None:
    assert money(-1234567, sign=True) == "-12,345.67 €"
    assert money(5, sign=True) == "+0.05 €"
    assert TerminalColours(on=True)("a", "1") == "\x1b[1ma\x1b[0m"
    assert (as_arguments(Undo(anyway=True)), as_arguments(Redo())) == ("--undo --anyway", "--redo")
