"""The client without async: in a plain thread, and where an event loop runs already."""

import asyncio

import pytest
from nest_haus_client import Changed, ClientClosed, Event, Members, Refused, Select, Unreachable
from nest_haus_client import Client as AsyncClient
from nest_haus_client.blocking import Client

from tests.realtime.conftest import RunningWeb
from tests.support.programs.ports import free_port


async def test_a_script_edits_with_somebody_else(web: RunningWeb) -> None:
    def script() -> None:
        with Client.register(web.url, name="Anna") as anna, Client.register(web.url) as ben:
            hers = anna.join(anna.create().code)
            his = ben.join(ben.redeem(anna.share(hers.code).url), timeout=60)

            outcome = hers.select("nest", "nest120")
            his.reached(outcome.version, timeout=60)
            assert his.selection == hers.selection
            assert his.total_cents == hers.total_cents == outcome.total_cents

            op_id = his.submit(Select("fenster", "pvc"))
            assert his.outcome_of(op_id, timeout=60).ok
            assert not his.withdraw(op_id)
            assert hers.undo().ok
            with pytest.raises(Refused):
                anna.join("00000000", timeout=60)
            assert anna.pending_ops() == {}
        with pytest.raises(ClientClosed):
            hers.select("nest", "nest140")

    await asyncio.to_thread(script)


async def test_a_program_says_which_session_its_visitor_is(web: RunningWeb) -> None:
    """(AC15) A program names its session before any event; houses that it creates or joins belong to it."""

    def script() -> str:
        with Client.register(web.url, session_id="client_1_script") as client:
            return str(client.create().id)

    async def joined(code: str) -> None:
        async with AsyncClient.register(web.url, session_id="client_1_joined") as client:
            await client.join(await client.redeem(code))

    made = await asyncio.to_thread(script)
    async with AsyncClient.register(web.url) as owner:
        house = await owner.create()
        await joined((await owner.share(house.code)).url)
    async with web.parts.stores.database.driver() as connection:
        found = await connection.fetch("SELECT external_id, configuration_id FROM sessions")
    assert {each["external_id"]: str(each["configuration_id"]) for each in found} == {
        "client_1_script": made,
        "client_1_joined": str(house.id),
    }


def is_seen_at(event: Event, category: str) -> bool:
    """Whether the event shows somebody at this category."""
    return isinstance(event, Members) and any(each.category == category for each in event.members)


async def test_events_are_an_iterator_that_ends_when_it_is_quiet(web: RunningWeb) -> None:
    def script() -> None:
        with Client.register(web.url) as client:
            house = client.join(client.create().code)
            events = house.events(timeout=60)
            house.present(category="nest")
            next(event for event in events if is_seen_at(event, "nest"))
            outcome = house.select("nest", "nest120")
            changed = next(event for event in events if isinstance(event, Changed))
            assert changed.op.version == outcome.version
            assert list(house.events(timeout=0.01)) == []

    await asyncio.to_thread(script)


async def test_works_where_a_loop_runs_already(web: RunningWeb) -> None:
    """In a notebook, a cell is a coroutine that calls plain functions."""

    async def cell() -> str:
        with Client.register(web.url) as client:
            house = client.join(client.create().code)
            return house.select("nest", "nest120").outcome

    assert await asyncio.to_thread(lambda: asyncio.run(cell())) == "committed"


def test_a_server_that_is_not_there_is_reported_in_one_sentence() -> None:
    client = Client.register(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unreachable), client:
        pass
