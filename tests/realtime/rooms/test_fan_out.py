"""Frames for members of a room who read slowly, leave, and enter again."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
import pytest

from configurator.people.presence import Member
from configurator.people.roles import Role
from configurator.protocol.messages import Left, OpFrame, Person
from realtime.delivery.frame import Frame
from realtime.delivery.outbox import Outbox, SnapshotInstead
from realtime.rooms.fan_out import FanOut, Shown
from realtime.rooms.membership import Attachment, Membership
from tests.realtime.clients import Json

HOUSE = UUID(int=1)
ANNA = Person(id=UUID(int=2), name="Anna", colour=0)
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


class House:
    """A room's members and versions, without a store."""

    def __init__(self) -> None:
        self.version = 0
        self.epoch = UUID(int=3)
        self.members = Membership(
            configuration_id=HOUSE, process="p", now=lambda: MOMENT, tell_others=lambda _: None
        )
        self.fan_out = FanOut(self.members, self._shown)

    def edit(self, times: int = 1) -> None:
        """Make this number of versions, and tell everybody of each."""
        for _ in range(times):
            self.version += 1
            self.fan_out.tell([self._op()])
            for attachment in self.members.attachments():
                self.fan_out.show_to(attachment.member.connection)

    def enter(self, reader: "Reader") -> None:
        """Come in, for the first time or again."""
        self.fan_out.enter(Attachment(member=_anna(), deliver=reader.deliver), re="1")

    def _op(self) -> OpFrame:
        return OpFrame(
            configuration=HOUSE,
            epoch=self.epoch,
            version=self.version,
            op_id=uuid4(),
            outcome="committed",
            author=ANNA,
            operation_kind="select",
            changes=[],
            reasons=[],
            total_cents=0,
            at=MOMENT,
        )

    def _shown(self) -> Shown:
        return Shown(
            configuration=HOUSE,
            code="ABCDEFGH",
            catalogue="c",
            epoch=self.epoch,
            version=self.version,
            selection={},
            derived=msgspec.Raw(b"{}"),
        )


class Reader:
    """A member who reads when the test says so."""

    def __init__(self) -> None:
        self.outbox = Outbox(messages_max=5)

    def deliver(
        self, frame: Frame, *, key: object | None = None, instead: SnapshotInstead | None = None
    ) -> None:
        assert self.outbox.put(frame, key=key, instead=instead)

    def read(self) -> list[Json]:
        return [
            frame
            for frame in map(msgspec.json.decode, (each.json for each in self.outbox.drain()))
            if frame["type"] != "presence"
        ]


def _anna() -> Member:
    return Member(
        connection="anna", person=ANNA.id, name="Anna", initials="A", colour=0, role=Role.EDITOR
    )


def reached(frames: list[Json]) -> int:
    """The version that a client has after these frames; it never goes back and misses nothing."""
    version = 0
    for frame in frames:
        if frame["type"] == "snapshot":
            assert frame["version"] >= version, "back"
        elif frame["type"] == "op":
            assert frame["version"] == version + 1, "a gap"
        version = frame["version"]
    return version


@pytest.fixture
async def behind() -> tuple[House, Reader]:
    """Somebody who read the beginning, and since then so little that ops gave way."""
    house, reader = House(), Reader()
    house.enter(reader)
    reader.read()
    house.edit(10)
    return house, reader


async def test_a_member_who_left_gets_no_later_op(behind: tuple[House, Reader]) -> None:
    """(JN8, JN10) A snapshot that is made when they read at last does not show it, either."""
    house, reader = behind
    house.members.remove("anna")
    reader.deliver(Frame.of(Left(configuration=HOUSE, code="access_revoked")))
    house.edit()
    assert [frame["type"] for frame in reader.read()] == ["left"]


async def test_a_member_who_enters_again_gets_every_version_after_the_answer(
    behind: tuple[House, Reader],
) -> None:
    """(JN5, JN7) Frames before the answer to the join do not replace those after it."""
    house, reader = behind
    house.enter(reader)
    house.edit(2)
    assert reached(reader.read()) == 12


async def test_a_member_who_enters_again_gets_their_op_before_its_outcome(
    behind: tuple[House, Reader],
) -> None:
    """(OP8) Nothing newer comes before the answer to ``join``, which would lead back."""
    house, reader = behind
    reader.deliver(Frame("outcome", b'{"type":"outcome","version":10}'))
    house.enter(reader)
    house.edit()
    frames = reader.read()
    shown = [(frame["type"], frame["version"]) for frame in frames]
    assert shown == [("snapshot", 10), ("outcome", 10), ("snapshot", 10), ("op", 11)]


async def test_a_member_in_another_history_never_goes_back_in_it(
    behind: tuple[House, Reader],
) -> None:
    """(JN5, CL1)"""
    house, reader = behind
    house.version, house.epoch = 4, UUID(int=4)
    house.fan_out.begin_again()
    house.edit(2)
    assert reached(reader.read()) == 6


async def test_states_that_nobody_asked_for_give_way_like_ops() -> None:
    """(BP2) However often a room begins again, nobody is cut off for it: the newest state is due."""
    house, reader = House(), Reader()
    house.enter(reader)
    reader.read()
    for _ in range(10):
        house.edit()
        house.epoch = uuid4()
        house.fan_out.begin_again()
    house.edit()
    assert [(frame["type"], frame["version"]) for frame in reader.read()] == [("snapshot", 11)]
    house.edit()
    assert [(frame["type"], frame["version"]) for frame in reader.read()] == [("op", 12)]


async def test_a_member_who_got_a_state_gets_their_op_before_its_outcome() -> None:
    """(OP8) The same holds if the op gave way after the room had begun again."""
    house, reader = House(), Reader()
    house.enter(reader)
    reader.read()
    house.edit()
    reader.deliver(Frame("outcome", b'{"type":"outcome","version":1}'))
    house.fan_out.begin_again()
    house.edit(5)
    shown = [(frame["type"], frame["version"]) for frame in reader.read()]
    assert shown == [("snapshot", 6), ("outcome", 1)]


async def test_a_slow_member_who_enters_again_has_the_whole_state(
    behind: tuple[House, Reader],
) -> None:
    """(BP2, JN7)"""
    house, reader = behind
    house.enter(reader)
    house.edit(20)
    frames = reader.read()
    assert reached(frames) == 30
    house.edit()
    assert reached(frames + reader.read()) == 31
