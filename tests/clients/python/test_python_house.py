"""A house of the Python client on a real web process: outcomes, events, other people."""

import asyncio
from typing import Any

import pytest
from nest_haus_client import (
    Apply,
    Changed,
    Clear,
    Client,
    Ended,
    HouseEnded,
    Refused,
    Select,
    SetQuantity,
    Settled,
    new_op_id,
)

from tests.clients.python.houses import guest, listening, log_of, new_house
from tests.realtime.conftest import RunningWeb
from tests.support.waiting import eventually


async def test_the_outcome_and_its_effect_come_together(web: RunningWeb) -> None:
    async with Client.register(web.url, name="Anna") as client:
        house = await new_house(client)
        before = house.total_cents

        outcome = await house.select("nest", "nest120")

        assert outcome.outcome == "committed"
        assert house.version == outcome.version == 1
        assert house.selection["nest"].option == "nest120"
        assert house.total_cents == outcome.total_cents != before
        assert not house.pending
        assert client.person is not None
        assert client.person.name == "Anna"
        assert client.status == "online"


async def test_an_op_is_shown_at_once_and_its_price_is_not_claimed(web: RunningWeb) -> None:
    """(CL4) (CL8)"""
    async with Client.register(web.url) as client:
        house = await new_house(client)
        before = house.total_cents

        submitted = house.submit(Select("nest", "nest160"))

        assert house.selection["nest"].option == "nest160"
        assert house.confirmed.selection["nest"].option == "nest80"
        assert house.price_pending
        assert house.total_cents == before
        assert (await submitted).total_cents == house.total_cents > before
        assert house.pending == ()


async def test_outcomes_say_why(web: RunningWeb) -> None:
    async with Client.register(web.url) as client:
        house = await new_house(client)

        rejected = await house.set_quantity("pvanlage", 500)
        assert rejected.outcome == "rejected"
        assert rejected.reasons[0].text.en
        assert "pvanlage" not in house.selection

        await house.apply([Select("nest", "nest160"), Select("pvanlage", "pv_panels", 16)])
        adjusted = await house.select("nest", "nest80")
        assert adjusted.outcome == "adjusted"
        assert adjusted.reasons[0].code == "quantity_reduced"
        assert house.selection["pvanlage"].quantity != 16


async def test_undo_and_redo(web: RunningWeb) -> None:
    async with Client.register(web.url) as client:
        house = await new_house(client)
        await house.select("nest", "nest140")

        assert (await house.undo()).ok
        assert house.selection["nest"].option == "nest80"
        assert (await house.redo()).ok
        assert house.selection["nest"].option == "nest140"
        assert (await house.reset()).ok
        assert house.selection["nest"].option == "nest80"


async def test_two_people_see_the_same(web: RunningWeb) -> None:
    async with Client.register(web.url, name="Anna") as anna:
        hers = await new_house(anna)
        async with guest(web, anna, hers.code, "editor") as ben:
            his = await ben.join(hers.code)
            await eventually(lambda: hers.member_count == his.member_count == 2)
            await hers.present(category="fenster")
            await eventually(lambda: any(m.category == "fenster" for m in his.members))

            outcome = await hers.apply([Select("nest", "nest100"), Select("fenster", "pvc")])
            await his.reached(outcome.version)
            await his.clear("fenster")
            await hers.reached(2)

            assert hers.confirmed.selection == his.confirmed.selection
            assert hers.total_cents == his.total_cents
            assert "fenster" not in hers.selection


async def test_events_tell_what_happened_in_order(web: RunningWeb) -> None:
    async with Client.register(web.url) as client:
        house = await new_house(client)
        async with listening(house) as heard:
            first = await house.select("nest", "nest120")
            await house.set_quantity("pvanlage", 500)
            await house.leave()
            await eventually(lambda: heard and isinstance(heard[-1], Ended))

        changed = [event for event in heard if isinstance(event, Changed)]
        assert [(event.op.version, event.mine) for event in changed] == [(1, True)]
        assert changed[0].op.total_cents == first.total_cents
        settled = [event.outcome for event in heard if isinstance(event, Settled)]
        assert [each and each.outcome for each in settled] == ["committed", "rejected"]


async def test_a_guarded_op_does_not_trip_over_own_earlier_ones(web: RunningWeb) -> None:
    async with Client.register(web.url) as client:
        house = await new_house(client)
        first = house.submit(Select("nest", "nest120"))
        second = house.submit(Select("nest", "nest140"), guarded=True)
        assert (await first).outcome == "committed"
        assert (await second).outcome == "committed"


async def test_a_guarded_op_is_a_conflict_when_somebody_else_was_there(web: RunningWeb) -> None:
    async with Client.register(web.url, name="Anna") as anna:
        hers = await new_house(anna)
        async with guest(web, anna, hers.code, "editor") as ben:
            his = await ben.join(hers.code)
            async with asyncio.TaskGroup():
                ours = hers.submit(Select("nest", "nest120"))
                theirs = his.submit(Select("nest", "nest140"), guarded=True)
            outcomes = [(await ours).outcome, (await theirs).outcome]
            if outcomes[1] == "committed":  # Ben was first: then it was no conflict
                assert (await hers.select("nest", "nest80", guarded=True)).ok
            else:
                assert outcomes == ["committed", "conflict"]


async def test_a_viewer_is_told_that_they_may_only_look(web: RunningWeb) -> None:
    async with Client.register(web.url) as owner:
        house = await new_house(owner)
        async with guest(web, owner, house.code, "viewer") as viewer:
            seen = await viewer.join(house.code)
            with pytest.raises(Refused, match="viewing this house only") as refused:
                await seen.select("nest", "nest120")
            assert refused.value.code == "read_only"
            assert seen.selection["nest"].option == "nest80"
            assert not seen.pending


async def test_a_client_that_left_is_not_in_the_house_any_more(web: RunningWeb) -> None:
    async with Client.register(web.url) as client:
        house = await new_house(client)
        await house.leave()
        with pytest.raises(HouseEnded):
            await house.select("nest", "nest120")
        again = await client.join(house.code)
        assert (await again.select("nest", "nest120")).ok


async def test_an_op_of_nobody_is_unknown(web: RunningWeb) -> None:
    """(OP17)"""
    async with Client.register(web.url) as client:
        house = await new_house(client)
        with pytest.raises(Refused) as refused:
            await house.outcome_of(new_op_id())
        assert refused.value.code == "op_unknown"


@pytest.mark.parametrize("quantity", [float("nan"), float("inf"), -float("inf"), 1.5])
async def test_a_quantity_that_is_not_a_whole_number_is_refused_by_the_client(
    web: RunningWeb, quantity: Any
) -> None:
    """(CL11) JSON has no NaN: it would arrive as null, which keeps the quantity that is there."""
    async with Client.register(web.url) as client:
        house = await new_house(client)
        setting = SetQuantity("pvanlage", quantity)
        for asked, place in (
            (Select("pvanlage", "pv_panels", quantity), "quantity"),
            (setting, "quantity"),
            (Apply((Clear("pvanlage"), setting)), "operations[1].quantity"),
        ):
            with pytest.raises(Refused) as refused:
                _ = house.submit(asked)
            assert refused.value.code == "malformed_message"
            assert f"`$.operation.{place}`" in (refused.value.detail or "")
        assert house.pending == ()
        eight: Any = 8.0
        assert (await house.select("pvanlage", "pv_panels", eight)).outcome == "committed"
        assert len(await log_of(web, house, client.token)) == 1


@pytest.mark.parametrize("unsendable", ["\ud83d", object()])
async def test_an_op_that_is_not_json_is_refused_and_ends_nothing_else(
    web: RunningWeb, unsendable: Any
) -> None:
    """(CL11)"""
    async with Client.register(web.url) as client:
        house = await new_house(client)

        for asking in (
            lambda: house.select(unsendable, "nest120"),
            lambda: house.apply([SetQuantity("fenster", unsendable)]),
            lambda: house.present(view=unsendable),
            lambda: client.introduce(unsendable),
        ):
            with pytest.raises(Refused) as refused:
                await asking()
            assert refused.value.code == "malformed_message"

        assert house.pending == ()
        assert (await house.select("nest", "nest120")).outcome == "committed"
