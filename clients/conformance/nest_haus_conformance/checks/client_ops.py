"""The duties of a client about the ops that it is asked for: each in order, once, to its end."""

import asyncio
from itertools import pairwise
from uuid import UUID, uuid4

from nest_haus_conformance.client import (
    Client,
    Refusing,
    Scene,
    answered_ids,
    dropping,
    error,
    forgotten,
    of_epoch,
)
from nest_haus_conformance.middle import passed, unchanged
from nest_haus_conformance.peer import Json
from nest_haus_conformance.verdicts import Checks, Skipped, expect

RETRY_AFTER_MS = 1500
OFTEN = 3
"""The number of temporary refusals of an op before it is accepted: a client must not give it up."""
ANSWER_SECONDS = 10
ASKED_AT_ONCE = 2_500
TEXT = {"de": "Grüße – 家 🏠", "en": "Größe: 80 m²"}

check: Checks[Client] = Checks()


@check("OP4", "OP9", "CL4")
async def _ops(client: Client) -> None:
    """Each op has an op_id of its own, and an outcome; then it has the server's house and price."""
    async with client.scene() as scene:
        for number in (1, 2, 3):
            await scene.driver.op(scene.house.select(number))
            sent = await scene.sent_ops(number)
            ids = [message["op_id"] for message in sent]
            expect(len({UUID(each) for each in ids}) == number, f"ops have these op ids: {ids}")
            base = sent[-1]["base_version"]
            expect(base < number, f"it sent base_version {base}, which it has not seen")
            outcome = await scene.outcome(number - 1)
            expect(outcome["outcome"] in {"committed", "adjusted"}, f"got {outcome}")
        await scene.check_same(3)


@check("OP3", "CL11")
async def _every_outcome(client: Client) -> None:
    """An adjusted, a rejected and a conflicting outcome is told as such, and ends the op."""
    async with client.scene() as scene:
        house = scene.house
        if not house.cut_by_size:
            raise Skipped("this catalogue has no quantity that a size cuts")
        no_such = {"kind": "select", "category": house.size_category, "option": "no_such_option"}
        asked = [*house.cut_by_size, no_such]
        for number, operation in enumerate(asked):
            await scene.driver.op(operation)
            await scene.outcome(number)
        version = await scene.others_edit(1)
        await scene.check_same(version)

        def guarded(message: Json) -> list[Json]:
            is_op = message["type"] == "op"
            return [{**message, "guarded": True, "base_version": 0} if is_op else message]

        scene.middle.up = guarded
        await scene.driver.op(house.select(2))
        await scene.outcome(len(asked))
        told = [outcome["outcome"] for outcome in scene.driver.outcomes]
        expect(told[2:] == ["adjusted", "rejected", "conflict"], f"it told {', '.join(told)}")
        expect(scene.driver.outcomes[2]["reasons"], "why it was adjusted is missing")
        expect(len(scene.middle.sent("op")) == len(told), "an op with an outcome was sent again")
        await scene.check_same(version)


@check("CL11")
async def _told_once(client: Client) -> None:
    """An outcome that comes twice ends its op once."""
    async with client.scene() as scene:
        scene.middle.down = lambda frame: [frame] * (2 if frame["type"] == "outcome" else 1)
        for number in (1, 2):
            await scene.driver.op(scene.house.select(number))
            await scene.outcome(number - 1)
        await scene.check_same(2)
        told = len(scene.driver.outcomes)
        expect(told == 2, f"it told {told} outcomes of 2 ops")


@check("MS1", "MS7")
async def _text(client: Client) -> None:
    """Words of any language arrive as they were sent."""
    async with client.scene() as scene:

        def spoken(frame: Json) -> list[Json]:
            if frame["type"] == "outcome":
                frame = {**frame, "reasons": [{"code": "unknown_option", "text": TEXT}]}
            return [frame]

        scene.middle.down = spoken
        await scene.driver.op({**scene.house.select(1), "option": "no_such_option"})
        outcome = await scene.outcome(0)
        told = outcome["reasons"][0]["text"] if outcome["reasons"] else None
        expect(told == TEXT, f"{TEXT['de']} became {told}")


@check("CL11")
async def _refused(client: Client) -> None:
    """An op that is refused for good is told as refused, and not sent again."""
    async with client.scene() as scene:
        scene.middle.answer = Refusing("read_only")
        await scene.driver.op(scene.house.select(1))
        await scene.refusal()
        await scene.driver.op(scene.house.select(2))
        await scene.outcome(0, refusals=1)
        _check_order(await scene.house.log(), [scene.house.select(2)])


@check("CL3", "CL11")
async def _refused_alone(client: Client) -> None:
    """The final refusal of an op ends that op; those that wait behind it are carried out."""
    async with client.scene() as scene:
        house = scene.house
        asked = [house.select(1), house.select_other(1), house.select(2)]
        first = await _waiting(scene, asked)
        scene.middle.up = unchanged
        await scene.middle.say(error(first, "malformed_message"))
        for number in range(len(asked) - 1):
            await scene.outcome(number, refusals=1)
        expect(scene.driver.refused, "that an op was refused was not told")
        _check_order(await house.log(), asked[1:])


@check("CL3")
async def _lost_answer(client: Client) -> None:
    """An op whose answer was lost with the line is sent again as it was, with the same op_id."""
    async with client.scene() as scene:
        scene.middle.down = dropping(lambda frame: frame["type"] in {"op", "ops", "outcome"})
        await scene.driver.op(scene.house.select(1))
        await scene.sent_ops(1)
        await scene.other.until("op")
        scene.middle.down = unchanged
        scene.middle.cut()
        outcome = await scene.outcome(0)
        sent = scene.middle.sent("op")
        ids = {message["op_id"] for message in sent}
        expect(ids == {outcome["op_id"]}, f"it used the op ids {ids}")
        expect(all(each["operation"] == sent[0]["operation"] for each in sent), "another body")
        expect(len(await scene.house.log()) == 1, "it was done twice")
        await scene.check_same(1)


@check("CL8", "SN1")
async def _old_outcome(client: Client) -> None:
    """The price belongs to the version that it has, not to the outcome of an older version."""
    async with client.scene() as scene:
        scene.middle.down = dropping(lambda frame: frame["type"] in {"op", "ops", "outcome"})
        await scene.driver.op(scene.house.select(1))
        await scene.other.until("op")
        version = await scene.others_edit(2)
        scene.middle.down = unchanged
        scene.middle.cut()
        outcome = await scene.outcome(0)
        expect(outcome["version"] < version, f"it told version {outcome['version']} as its own")
        await scene.check_same(version)


@check("CL3")
async def _lost_question(client: Client) -> None:
    """An op that was lost with the line is sent again unchanged, even after a snapshot."""
    async with client.scene() as scene:
        scene.middle.up = dropping(lambda message: message["type"] == "op")
        await scene.driver.op(scene.house.select(1))
        await scene.sent_ops(1)
        scene.middle.up = forgotten
        scene.middle.cut()
        await scene.outcome(0)
        first, *again = scene.middle.sent("op")
        expect(all(each["op_id"] == first["op_id"] for each in again), "another op_id")
        expect(all(each["operation"] == first["operation"] for each in again), "another body")
        await scene.check_same(1)


@check("CL3")
async def _order_kept(client: Client) -> None:
    """The op that was lost with the line is sent again before those that waited behind it."""
    async with client.scene() as scene:
        house = scene.house
        asked = [house.select(1), house.select_other(1), house.select(2)]
        await _waiting(scene, asked)
        scene.middle.up = unchanged
        scene.middle.cut()
        for number in range(len(asked)):
            await scene.outcome(number)
        _check_order(await house.log(), asked)


@check("CL3", "JN4")
async def _kept_in_another_history(client: Client) -> None:
    """An op without an outcome is sent again, even if the server has another epoch by now."""
    async with client.scene() as scene:
        house = scene.house
        asked = [house.select(1), house.select_other(1)]
        await _waiting(scene, asked)
        epoch = str(uuid4())
        scene.middle.down = of_epoch(epoch)
        scene.middle.up = forgotten
        scene.middle.cut()
        await scene.until(
            lambda state: state["epoch"] == epoch, "it did not take the snapshot of the other epoch"
        )
        for number in range(len(asked)):
            await scene.outcome(number)
        _check_order(await house.log(), asked)
        await scene.check_same(len(asked))


@check("CL3")
async def _offline(client: Client) -> None:
    """Ops made without a connection are sent as soon as there is one, all, in the order asked."""
    async with client.scene() as scene:
        house = scene.house
        asked = [
            house.select(1),
            house.select_other(1),
            house.select(2),
            {"kind": "undo"},
            house.select_other(2),
            house.select_other(2),
        ]
        await scene.cut()
        for operation in asked:
            await scene.driver.op(operation)
        state = await scene.driver.state()
        expect(state["pending"] == len(asked), f"{state['pending']} are pending, not {len(asked)}")
        scene.mend()
        outcomes = [await scene.outcome(number) for number in range(len(asked))]
        log = await house.log()
        _check_order(log, asked)
        told, stored = [each["op_id"] for each in outcomes], [each["op_id"] for each in log]
        expect(told == stored, "outcomes were told in another order")
        await scene.check_same(len(asked))


@check("CL3")
async def _answered_is_over(client: Client) -> None:
    """An op that has its outcome is not sent again, not even after a reconnect."""
    async with client.scene() as scene:
        for number in (1, 2):
            await scene.driver.op(scene.house.select(number))
            await scene.outcome(number - 1)
        scene.middle.cut()
        await scene.check_same(await scene.others_edit(3))
        await scene.driver.op(scene.house.select_other(1))
        await scene.outcome(2)
        sent = [message["op_id"] for message in scene.middle.sent("op")]
        expect(len(sent) == len(set(sent)), "an op with an outcome was sent again")


@check("CL4", "CL8")
async def _honest(client: Client) -> None:
    """Without an outcome an op is pending, not saved; the confirmed state is only the server's."""
    async with client.scene() as scene:
        before = await scene.driver.state()
        scene.middle.up = dropping(lambda message: message["type"] == "op")
        await scene.driver.op(scene.house.select(1))
        await scene.sent_ops(1)
        state = await scene.driver.state()
        expect(state["pending"] == 1, f"{state['pending']} are pending, not 1")
        expect(state["version"] == 0, "it claims a version that nobody confirmed")
        expect(state["selection"] == before["selection"], "it claims a choice nobody confirmed")
        expect(state["total_cents"] == before["total_cents"], "it claims a price nobody confirmed")
        await scene.check_same(await scene.others_edit(2))
        expect((await scene.driver.state())["pending"] == 1, "another's op is not its outcome")
        expect(not scene.driver.outcomes, "it claims an outcome")


@check("CL9")
async def _one_at_a_time(client: Client) -> None:
    """An op is sent when the one before it is answered; one that has to wait is not overtaken."""
    async with client.scene() as scene:
        house = scene.house
        asked = [house.select(1), house.select_other(1), house.select(2), house.select_other(2)]
        scene.middle.answer = Refusing("not_saved", often=OFTEN, retryable=True, retry_after_ms=300)
        for operation in asked:
            await scene.driver.op(operation)
        for number in range(len(asked)):
            await scene.outcome(number)
        _check_one_in_flight(scene)
        _check_order(await house.log(), asked)


@check("CL10")
async def _bounded(client: Client) -> None:
    """The number of waiting ops is bounded, and each op beyond it is refused to its caller."""
    async with client.scene() as scene:
        await scene.cut()
        for number in range(ASKED_AT_ONCE):
            await scene.driver.op(scene.house.select(number))
        pending = (await scene.driver.state())["pending"]
        expect(pending < ASKED_AT_ONCE, f"all {ASKED_AT_ONCE} ops wait")
        await scene.until(
            lambda _: pending + len(scene.driver.refused) >= ASKED_AT_ONCE,
            "an op was dropped without a word",
        )


@check("CL12")
async def _no_answer(client: Client) -> None:
    """A connection on which an answer is missing for 10 seconds is given up; the op is asked again."""
    async with client.scene() as scene:
        passages = scene.middle.passages
        scene.middle.down = lambda frame: [frame] if len(passages) > 1 else []
        await scene.driver.op(scene.house.select(1))
        await asyncio.sleep(ANSWER_SECONDS)
        seconds = ANSWER_SECONDS + scene.step_seconds
        await scene.until(
            lambda _: len(passages) > 1, f"the silent connection was kept for {seconds:g} s"
        )
        await scene.outcome(0)
        expect(len(await scene.house.log()) == 1, "it was done twice")


@check("CL5", "LM1")
async def _told_to_wait(client: Client) -> None:
    """After too_many_requests the same op is sent again, but not before the named time."""
    async with client.scene() as scene:
        refusing = Refusing(
            "too_many_requests", often=2, retryable=True, retry_after_ms=RETRY_AFTER_MS
        )
        scene.middle.answer = refusing
        await scene.driver.op(scene.house.select(1))
        await scene.outcome(0)
        waited = min(later - sooner for sooner, later in pairwise(refusing.times))
        expect(waited * 1000 >= RETRY_AFTER_MS * 0.95, f"it waited only {waited:.2f} s")
        expect(len({each["op_id"] for each in scene.middle.sent("op")}) == 1, "another op_id")


@check("CL6")
async def _unknown_codes(client: Client) -> None:
    """An op with an unknown code is tried again if the code is retryable, and else has ended."""
    async with client.scene() as scene:
        scene.middle.answer = Refusing(
            "mercury_retrograde", often=OFTEN, retryable=True, retry_after_ms=100
        )
        await scene.driver.op(scene.house.select(1))
        await scene.outcome(0)
        scene.middle.answer = Refusing("house_is_haunted")
        await scene.driver.op(scene.house.select(2))
        await scene.until(
            lambda state: state["pending"] == 0, "an op with an unknown final code goes on waiting"
        )
        tries = OFTEN + 2
        expect(len(await scene.sent_ops(tries)) == tries, "it was sent again")
        scene.middle.answer = passed
        await scene.check_same(1)


async def _waiting(scene: Scene, asked: list[Json]) -> Json:
    """Ask for all of these and lose the first op on its way; returns it once all are pending."""
    scene.middle.up = dropping(lambda message: message["type"] == "op")
    for operation in asked:
        await scene.driver.op(operation)
    await scene.until(
        lambda state: state["pending"] == len(asked), f"not all {len(asked)} ops are pending"
    )
    return (await scene.sent_ops(1))[0]


def _check_one_in_flight(scene: Scene) -> None:
    flying: str | None = None
    for way, frame in scene.middle.timeline:
        if way == "up" and frame["type"] == "op":
            expect(flying in {None, frame["op_id"]}, "it was sent before the last was answered")
            flying = frame["op_id"]
        elif way == "down" and flying in set(answered_ids(frame)):
            flying = None


def _check_order(log: list[Json], asked: list[Json]) -> None:
    """Check that the log has these ops, in this order."""
    stored = [op["operation"] for op in log]
    for number, (done, wanted) in enumerate(zip(stored, asked, strict=False), start=1):
        expect({**done, **wanted} == done, f"version {number} is {done}, not {wanted}")
    expect(len(stored) == len(asked), f"{len(stored)} ops are stored, not {len(asked)}")
