"""The stacks that a room keeps are those that the log gives, or are read again."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from configurator.catalogue.selection import Choice
from configurator.operations.outcomes import Cause, Change
from configurator.operations.undo import Stacks
from configurator.protocol.messages import OpFrame, Person
from realtime.rooms.undo_stacks import PEOPLE_MAX, UndoStacks
from tests.realtime.clients import Json
from tests.realtime.conftest import RunningWeb

PANELS = Choice(option="pv_panels", quantity=3)


class House:
    """A stored house with two versions of its owner: panels chosen, and taken back."""

    def __init__(self, created: Json, person_id: UUID, web: RunningWeb) -> None:
        self.epoch = UUID(created["epoch"])
        self.person_id = person_id
        self.stacks = UndoStacks(
            UUID(created["id"]), web.parts.stores.configuration_stores.configurations
        )

    def frame(self, version: int, kind: str, *, reverts: int | None = None) -> OpFrame:
        change = Change(category="pvanlage", before=None, after=PANELS, cause=Cause.ASKED)
        return OpFrame(
            configuration=uuid4(),
            epoch=self.epoch,
            version=version,
            op_id=uuid4(),
            outcome="committed",
            author=Person(id=self.person_id, name="Anna", colour=1),
            operation_kind=kind,
            changes=[change],
            reasons=[],
            total_cents=0,
            at=datetime.now(UTC),
            reverts=reverts,
        )


@pytest.fixture
async def house(web: RunningWeb) -> House:
    api = web.api()
    created = await api.create()
    panels = {"kind": "set_quantity", "category": "pvanlage", "quantity": 3}
    await api.submit(created["id"], panels)
    await api.submit(created["id"], {"kind": "undo"})
    log = (await api.call("GET", f"/api/configurations/{created['id']}/ops")).json()
    return House(created, UUID(log["ops"][0]["author"]["id"]), web)


CHOSEN = Stacks(undo=(1,))
TAKEN_BACK = Stacks(redo=(2,))


async def test_they_move_on_with_every_op(house: House) -> None:
    """(UN10)"""
    assert await house.stacks.read(house.person_id, (house.epoch, 1)) == CHOSEN
    house.stacks.follow(house.frame(2, "undo", reverts=1))
    assert house.stacks.known(house.person_id, (house.epoch, 2)) == TAKEN_BACK
    assert house.stacks.known(house.person_id, (house.epoch, 1)) is None
    assert house.stacks.known(uuid4(), (house.epoch, 2)) is None


async def test_they_are_read_again_when_versions_were_skipped(house: House) -> None:
    """(UN10)"""
    await house.stacks.read(house.person_id, (house.epoch, 1))
    house.stacks.follow(house.frame(3, "set_quantity"))
    assert house.stacks.known(house.person_id, (house.epoch, 3)) is None
    assert await house.stacks.read(house.person_id, (house.epoch, 2)) == TAKEN_BACK


async def test_they_are_read_again_in_another_history(house: House) -> None:
    """(UN10)"""
    await house.stacks.read(house.person_id, (house.epoch, 1))
    restored = uuid4()
    assert house.stacks.known(house.person_id, (restored, 1)) is None
    house.epoch = restored
    house.stacks.follow(house.frame(2, "undo", reverts=1))
    assert house.stacks.known(house.person_id, (restored, 2)) is None


async def test_stacks_read_while_the_room_moved_on_are_not_kept(house: House) -> None:
    """(UN10)"""
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(house.stacks.read(house.person_id, (house.epoch, 1)))
        await asyncio.sleep(0)  # one turn of the loop: the question is on its way
        assert not reading.done()
        house.stacks.follow(house.frame(2, "undo", reverts=1))
    assert reading.result() == CHOSEN
    assert house.stacks.known(house.person_id, (house.epoch, 2)) is None


async def test_the_stacks_of_a_bounded_number_of_people_are_kept(house: House) -> None:
    at = (house.epoch, 2)
    await house.stacks.read(house.person_id, at)
    for _ in range(PEOPLE_MAX - 1):
        await house.stacks.read(uuid4(), at)
    assert await house.stacks.read(house.person_id, at) == TAKEN_BACK
    await house.stacks.read(uuid4(), at)
    assert house.stacks.known(house.person_id, at) == TAKEN_BACK
    assert len(house.stacks) == PEOPLE_MAX
