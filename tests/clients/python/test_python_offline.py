"""The Python client over a bad network: each op is kept, and carried out exactly once."""

from uuid import UUID

import pytest
from nest_haus_client import (
    Changed,
    Clear,
    Client,
    ClientClosed,
    QueueFull,
    Select,
    SetQuantity,
    Settled,
    Withdrawn,
    new_op_id,
)

from tests.clients.python.houses import behind_a_link, listening, log_of, new_house
from tests.realtime.conftest import RunningWeb
from tests.support.waiting import eventually


async def test_ops_are_queued_while_offline_and_sent_in_order(web: RunningWeb) -> None:
    """(CL3) (CL10)"""
    async with behind_a_link(web) as (client, house, link):
        link.cut(refuse=True)
        await eventually(lambda: client.status == "offline")

        queued = [house.submit(Select("nest", each)) for each in ("nest100", "nest120", "nest140")]
        with pytest.raises(QueueFull):
            _ = house.submit(Clear("fenster"))
        assert house.selection["nest"].option == "nest140"
        assert len(house.pending) == 3

        link.mend()
        outcomes = [await each for each in queued]
        assert [outcome.version for outcome in outcomes] == [1, 2, 3]
        assert [outcome.op_id for outcome in outcomes] == [each.op_id for each in queued]


async def test_an_op_that_was_not_sent_is_withdrawn_and_never_sent(web: RunningWeb) -> None:
    """(CL14)"""
    async with behind_a_link(web) as (client, house, link):
        link.lose_replies()
        sent = house.submit(Select("nest", "nest100"))
        await eventually(lambda: link.lost_replies > 0)
        assert not sent.withdraw()
        link.mend()
        link.cut(refuse=True)
        await eventually(lambda: client.status == "offline")

        first = house.submit(Select("nest", "nest120"))
        second = house.submit(Select("nest", "nest140"))
        async with listening(house) as heard:
            assert first.withdraw()
            assert house.selection["nest"].option == "nest140"
            assert [op.op_id for op in house.pending] == [sent.op_id, second.op_id]
            with pytest.raises(Withdrawn):
                await first
            told = await eventually(
                lambda: next((each for each in heard if isinstance(each, Settled)), None),
                why="it is told",
            )
        assert told is not None
        assert (told.op_id, told.outcome, told.refused) == (first.op_id, None, None)
        for nothing in (first.op_id, sent.op_id, new_op_id()):
            assert not house.withdraw(nothing)

        link.mend()
        assert (await second).outcome == "committed"
        assert not house.withdraw(second.op_id)
        logged = await log_of(web, house, client.token)
        assert [op["op_id"] for op in logged] == [str(sent.op_id), str(second.op_id)]


async def test_ops_of_an_earlier_client_may_have_been_sent(web: RunningWeb) -> None:
    """(CL14)"""
    async with behind_a_link(web) as (before, house, link):
        link.cut(refuse=True)
        await eventually(lambda: before.status == "offline")
        left = house.submit(Select("nest", "nest120"))
        kept, token = before.pending_ops(), before.token
    with pytest.raises(ClientClosed):
        await left
    async with Client(web.url, token=token, pending=kept) as client:
        again = await client.join(house.code)
        assert not again.withdraw(left.op_id)
        assert (await again.outcome_of(left.op_id)).outcome == "committed"


async def test_a_lost_acknowledgement_is_asked_for_with_the_same_op_id(web: RunningWeb) -> None:
    """(CL3, OP4)"""
    async with behind_a_link(web) as (client, house, link):
        link.lose_replies()
        submitted = house.submit(Select("nest", "nest120"))
        await eventually(lambda: link.lost_replies > 0)
        assert not submitted.done
        link.mend()
        link.cut()

        assert (await submitted).outcome == "committed"
        logged = await log_of(web, house, client.token)
        assert [op["op_id"] for op in logged] == [str(submitted.op_id)]


async def test_missed_ops_are_caught_up_exactly(web: RunningWeb) -> None:
    """(CL2, JN3)"""
    async with (
        behind_a_link(web) as (client, house, link),
        Client(web.url, token=client.token) as other,
        listening(house) as heard,
    ):
        theirs = await other.join(house.code)
        link.cut(refuse=True)
        await eventually(lambda: client.status == "offline")
        for option in ("nest100", "nest120", "nest140"):
            await theirs.select("nest", option)
        link.mend()
        await house.reached(3)

        assert house.confirmed.selection == theirs.confirmed.selection
        await eventually(lambda: len([each for each in heard if isinstance(each, Changed)]) >= 3)
        assert [each.op.version for each in heard if isinstance(each, Changed)] == [1, 2, 3]


async def test_an_op_given_twice_is_one_change(web: RunningWeb) -> None:
    """(OP4)"""
    async with Client.register(web.url) as client, Client(web.url, token=client.token) as again:
        house = await new_house(client)
        twin = await again.join(house.code)
        op_id = new_op_id()
        first, second, third = (
            each.submit(Select("nest", "nest120"), op_id=op_id) for each in (house, house, twin)
        )
        assert [(await each).version for each in (first, second, third)] == [1, 1, 1]
        assert len(await log_of(web, house, client.token)) == 1


async def test_ops_survive_the_end_of_the_program(web: RunningWeb) -> None:
    """(CL3, CL11, OP4)"""
    async with behind_a_link(web) as (before, house, link):
        link.lose_replies()
        sent = house.submit(Select("nest", "nest120"))
        queued = house.submit(SetQuantity("pvanlage", 4))
        await eventually(lambda: link.lost_replies > 0)
        kept, token = before.pending_ops(), before.token
        await before.__aexit__(None, None, None)
        with pytest.raises(ClientClosed) as closed:
            await sent
        assert closed.value.op_ids == (sent.op_id, queued.op_id)

        async with Client(web.url, token=token, pending=kept) as client:
            again = await client.join(house.code)
            await again.settled()
            logged = await log_of(web, again, token)
            assert [UUID(op["op_id"]) for op in logged] == [sent.op_id, queued.op_id]
            assert client.pending_ops() == {}
            assert (await again.outcome_of(sent.op_id)).version == 1


async def test_too_many_requests_is_waited_out(web: RunningWeb) -> None:
    """(LM1, CL5)"""
    async with Client.register(web.url) as client:
        house = await new_house(client)
        asked = [house.submit(Select("nest", f"nest{80 + 20 * (n % 5)}")) for n in range(80)]
        assert [(await each).version for each in asked] == list(range(1, 81))
