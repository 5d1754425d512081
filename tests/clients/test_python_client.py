"""The Python client against a real web process: what its user is promised."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from nest_haus_client import (
    Apply,
    Changed,
    Clear,
    Client,
    ClientClosed,
    Ended,
    Event,
    House,
    HouseEnded,
    NotAdmitted,
    QueueFull,
    Refused,
    Select,
    SetQuantity,
    Settled,
    Unreachable,
    Withdrawn,
    new_op_id,
)

from tests.realtime.clients import Json
from tests.realtime.conftest import RunningWeb
from tests.storage.link import Link, link_to
from tests.support.ports import free_port
from tests.support.waiting import eventually


async def new_house(client: Client) -> House:
    return await client.join((await client.create()).code)


@asynccontextmanager
async def guest(web: RunningWeb, owner: Client, code: str, role: str) -> AsyncIterator[Client]:
    async with Client.register(web.url) as client:
        invitation = await owner.share(code, "viewer" if role == "viewer" else "editor")
        assert await client.redeem(invitation.url) == code
        yield client


@asynccontextmanager
async def behind_a_link(web: RunningWeb) -> AsyncIterator[tuple[Client, House, Link]]:
    """A house over a network that the test can spoil."""
    async with link_to(web.url) as link:
        async with Client.register(web.url) as owner:
            code, token = (await owner.create()).code, owner.token
        async with Client(link.url, token=token, queued_ops_max=3) as client:
            yield client, await client.join(code), link


@asynccontextmanager
async def listening(house: House) -> AsyncIterator[list[Event]]:
    """What ``house.events()`` tells, from now to the end of the block."""
    heard: list[Event] = []

    async def listen() -> None:
        async for event in house.events():
            heard.append(event)  # noqa: PERF401 - as a user writes it

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(listen())
        await asyncio.sleep(0)
        yield heard
        task.cancel()


async def log_of(web: RunningWeb, house: House, token: str) -> list[Json]:
    answer = await web.api(token).call("GET", f"/api/configurations/{house.code}/ops")
    ops: list[Json] = answer.json()["ops"]
    return ops


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


async def test_what_an_earlier_client_left_may_have_been_sent(web: RunningWeb) -> None:
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


async def test_what_was_missed_is_caught_up_exactly(web: RunningWeb) -> None:
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
        await asyncio.sleep(0)
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


async def test_who_may_only_look_is_told_so(web: RunningWeb) -> None:
    async with Client.register(web.url) as owner:
        house = await new_house(owner)
        async with guest(web, owner, house.code, "viewer") as viewer:
            seen = await viewer.join(house.code)
            with pytest.raises(Refused, match="viewing this house only") as refused:
                await seen.select("nest", "nest120")
            assert refused.value.code == "read_only"
            assert seen.selection["nest"].option == "nest80"
            assert not seen.pending


async def test_what_does_not_exist_cannot_be_joined(web: RunningWeb) -> None:
    async with Client.register(web.url) as client:
        with pytest.raises(Refused) as refused:
            await client.join("00000000")
        assert refused.value.code == "not_found"


async def test_nobody_is_told_so_and_not_asked_again(web: RunningWeb) -> None:
    """The same Refused as in the JavaScript client; and this client is closed."""
    async with Client(web.url, token="nobody-has-this-token") as client:
        for ask in (lambda: client.join("00000000"), client.online, lambda: client.introduce("A")):
            with pytest.raises(Refused) as refused:
                await ask()
            assert isinstance(refused.value, NotAdmitted)
            assert isinstance(refused.value, ClientClosed)
            assert refused.value.code == "not_authenticated"
        assert client.status == "refused"


async def test_who_finds_no_server_is_told_so_in_time() -> None:
    """And meanwhile why, and when it is tried again."""
    wrong = f"http://127.0.0.1:{free_port()}"
    async with Client(wrong, token="sixteen characters", connect_seconds=0.3) as client:
        async with asyncio.TaskGroup() as tasks:

            async def ask_for_a_house() -> None:
                with pytest.raises(Unreachable, match=f"{wrong} within 0.3 s: .*Connect call"):
                    await client.join("00000000")

            tasks.create_task(ask_for_a_house())
            await eventually(lambda: client.status == "offline", why="there is nobody")
            assert "Connect call failed" in (client.trouble or "")
        for ask in (lambda: client.join("00000000"), client.online, lambda: client.introduce("A")):
            with pytest.raises(Unreachable, match="Connect call failed"):
                await ask()
        assert client.status == "closed"


async def test_the_address_of_a_page_is_an_address(web: RunningWeb) -> None:
    """(JN1) Of the product, and of a house; one house is joined once, however it is spelled."""
    async with Client.register(web.url) as owner:
        created = await owner.create()
        async with Client(f"{created.url}?as=guest", token=owner.token) as client:
            house = await client.join(created.url)
            spelled = created.code.lower().replace("0", "o").replace("1", "i")
            for same in (created.code, f"{spelled[:4]}-{spelled[4:]}", str(created.id).upper()):
                assert await client.join(same) is house
            assert (await client.read(created.url)).code == created.code
            assert await client.log(f"{created.url}#x") == []


async def test_who_left_is_not_in_the_house_any_more(web: RunningWeb) -> None:
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


async def test_an_address_where_nobody_is_gives_one_sentence() -> None:
    with pytest.raises(Unreachable, match="does not answer"):
        async with Client.register(f"http://127.0.0.1:{free_port()}"):
            pass


async def test_an_error_of_the_caller_is_not_wrapped(web: RunningWeb) -> None:
    with pytest.raises(ZeroDivisionError):
        async with Client.register(web.url):
            raise ZeroDivisionError


@pytest.mark.parametrize("quantity", [float("nan"), float("inf"), -float("inf"), 1.5])
async def test_a_quantity_that_is_no_whole_number_is_refused_here(
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
async def test_what_cannot_be_written_as_json_is_refused_and_ends_nothing_else(
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
