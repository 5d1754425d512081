"""Replay of a house that was really edited, over HTTP, and by the domain alone."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from configurator.operations.intents import Operation, Redo, Select, SetQuantity, Undo
from configurator.operations.outcomes import Change
from configurator.pricing.price import total_cents
from realtime.activity.figures.replay import replay
from realtime.people.principal import token_sha256
from storage.postgres.activity.batch_rows import Incoming
from storage.postgres.configurations.stored import StoredOperation
from tests.configurator.edited_house import EditedHouse
from tests.configurator.nest_haus import CATALOGUE
from tests.realtime.clients import Api
from tests.realtime.conftest import RunningWeb
from tests.support.activity import event, new_id, now

OPS: tuple[tuple[Operation, str], ...] = (
    (Select(category="nest", option="nest160"), "committed"),
    (SetQuantity(category="pvanlage", quantity=16), "committed"),
    (Select(category="nest", option="nest80"), "adjusted"),
    (Undo(), "committed"),
    (Redo(), "committed"),
    (Select(category="fussboden", option="schiefer_massiv"), "committed"),
)


def logged(house: EditedHouse) -> tuple[list[StoredOperation], dict[int, list[Change]]]:
    """The log as it would be stored, with what every version changed."""
    ops, document = [], EditedHouse(house.initial.selection)
    outcomes = [document.do("Anna", operation) for operation, _ in OPS]
    selection = house.initial.selection
    for entry, outcome in zip(house.log, outcomes, strict=True):
        selection = outcome.selection  # type: ignore[union-attr]
        reverts = {} if entry.reverts is None else {"reverts": entry.reverts}
        ops.append(
            StoredOperation(
                configuration_id=UUID(int=1),
                op_id=entry.logged.op_id,
                version=entry.logged.version,
                judged_at_version=entry.logged.version - 1,
                base_version=entry.logged.version - 1,
                person_id=entry.logged.person_id,
                author_name="Anna",
                author_colour=1,
                outcome=type(outcome).__name__.lower(),
                body_sha256=b"",
                operation={**msgspec.to_builtins(entry.logged.operation), **reverts},
                changes=plain(list(entry.logged.changes)),
                reasons=plain(list(outcome.reasons)),
                repairs=[],
                total_cents=total_cents(CATALOGUE, selection),
                guarded=False,
                committed_at=now(),
            )
        )
    return ops, {entry.logged.version: list(entry.logged.changes) for entry in house.log}


def plain(value: object) -> list[dict[str, object]]:
    found: list[dict[str, object]] = msgspec.json.decode(msgspec.json.encode(value))
    return found


@pytest.fixture(scope="module")
def house() -> EditedHouse:
    house = EditedHouse(CATALOGUE.defaults)
    for operation, _ in OPS:
        house.do("Anna", operation)
    return house


def test_a_sound_log_comes_out_the_same(house: EditedHouse) -> None:
    ops, changes = logged(house)
    steps = list(replay(CATALOGUE, house.initial.selection, ops, changes))
    assert [step.stored.outcome for step in steps] == [name for _, name in OPS]
    assert [step.differences for step in steps] == [()] * len(OPS)
    assert steps[-1].selection == house.selection
    assert steps[-1].recomputed_cents == house.total_cents


@pytest.mark.parametrize(
    ("place", "wrong", "differences"),
    [
        (0, {"total_cents": 1}, ("total_cents",)),
        (2, {"outcome": "committed"}, ("outcome",)),
        (2, {"reasons": []}, ("reasons",)),
        (0, {"operation": {"kind": "select", "category": "nest", "option": "none"}}, ("outcome",)),
        (0, {"operation": {"kind": "fly"}}, ("operation",)),
        (5, {"operation": {"kind": "reset"}}, ("changes",)),
    ],
)
def test_a_difference_is_named_and_the_replay_goes_on(
    house: EditedHouse, place: int, wrong: dict[str, Any], differences: tuple[str, ...]
) -> None:
    ops, changes = logged(house)
    values = {name: getattr(ops[place], name) for name in StoredOperation.__slots__}
    ops[place] = StoredOperation(**(values | wrong))
    steps = list(replay(CATALOGUE, house.initial.selection, ops, changes))
    assert steps[place].differences == differences
    assert {step.differences for step in steps if step is not steps[place]} == {()}
    assert steps[-1].selection == house.selection


async def edited(web: RunningWeb) -> tuple[str, Api, UUID]:
    """A house that went through OPS, and a session on it with interactions in between."""
    anna = web.api()
    created = await anna.create()
    code, configuration_id = created["code"], UUID(created["id"])
    session = f"client_{uuid4().hex}"
    batch = [event(session, event_id=new_id(), received_at=now(), category="arrival")]
    for version, (operation, outcome) in enumerate(OPS):
        answer = await anna.submit(code, msgspec.to_builtins(operation), base_version=version)
        assert answer.json()["outcome"] == outcome, answer.text
        batch.append(event(session, received_at=now(), total_cents=answer.json()["total_cents"]))
    entries = [Incoming(stream_id=f"{n + 1}-0", event=each) for n, each in enumerate(batch)]
    await web.store(entries, consumer="w")
    session_id = batch[0].session_id
    await execute(
        web,
        "UPDATE sessions SET configuration_id = :house WHERE id = :id",
        house=configuration_id,
        id=session_id,
    )
    return code, anna, session_id


async def execute(web: RunningWeb, sql: str, **values: object) -> None:
    async def work(connection: AsyncConnection) -> None:
        await connection.execute(text(sql), values)

    await web.parts.stores.database.write(work)


async def admin(web: RunningWeb) -> Api:
    await web.parts.stores.admins.open_session(
        token_sha256("an admin's token"), now() + timedelta(hours=1)
    )
    return web.api("an admin's token")


async def test_a_session_is_replayed_and_checked_step_by_step(web: RunningWeb) -> None:
    code, anna, session = await edited(web)
    path = f"/api/admin/analytics/sessions/{session}/replay"
    assert (await anna.call("GET", path)).status_code == 401
    watcher = await admin(web)
    whole = (await watcher.call("GET", path)).json()
    ops = [step for step in whole["steps"] if step["type"] == "op"]
    assert [step["type"] for step in whole["steps"]] == ["interaction", *["op", "interaction"] * 6]
    times = [datetime.fromisoformat(step["at"]) for step in whole["steps"]]
    assert times == sorted(times)
    assert [step["house"]["version"] for step in ops] == [1, 2, 3, 4, 5, 6]
    assert [step["outcome"] for step in ops] == [outcome for _, outcome in OPS]
    assert all(step["verified"] for step in ops)
    assert (whole["verified"], whole["head_verified"], whole["next"]) == (True, True, None)
    head = await watcher.read(code)
    assert ops[-1]["house"]["selection"] == head["selection"]
    assert whole["start"]["version"] == 0
    assert whole["start"]["selection"]["nest"] == {"option": "nest80"}
    for address in ops[0]["house"]["previews"].values():
        assert (await watcher.call("GET", address)).status_code == 200

    paged: list[Any] = []
    cursor: str | None = None
    while True:
        asked = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await watcher.call("GET", path, params=asked)).json()
        assert page["start"]["version"] == max(
            [step["house"]["version"] for step in paged if step["type"] == "op"], default=0
        )
        paged += page["steps"]
        cursor = page["next"]
        if cursor is None:
            break
        assert page["head_verified"] is None
    assert paged == whole["steps"]

    await execute(web, "UPDATE operations SET total_cents = total_cents + 1 WHERE version = 3")
    changed = (await watcher.call("GET", path)).json()
    wrong = [step for step in changed["steps"] if step["type"] == "op" and not step["verified"]]
    assert [(step["house"]["version"], step["differences"]) for step in wrong] == [
        (3, ["total_cents"])
    ]
    assert wrong[0]["stored_cents"] == wrong[0]["recomputed_cents"] + 1
    assert (changed["verified"], changed["head_verified"]) == (False, True)


async def test_a_session_without_a_house_has_its_interactions(web: RunningWeb) -> None:
    first = event("client_alone", received_at=now())
    await web.store([Incoming(stream_id="1-0", event=first)], consumer="w")
    watcher = await admin(web)
    path = f"/api/admin/analytics/sessions/{first.session_id}/replay"
    found = (await watcher.call("GET", path)).json()
    assert (found["start"], found["head_verified"], found["next"]) == (None, None, None)
    assert [step["type"] for step in found["steps"]] == ["interaction"]
    bad = await watcher.call("GET", path, params={"cursor": "-1"})
    assert bad.json()["error"]["code"] == "query_unusable"
