"""A server as small as can be, with the real rules, and wires that a test moves frame by frame.

Everything goes through the server's own codec, so what the client decodes is what is really sent.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import msgspec
from nest_haus_client.core.operations import Select
from nest_haus_client.core.state import HouseState
from nest_haus_client.events import Changed, Ended, HouseEvent, Replaced, Settled
from nest_haus_client.messages import ErrorFrame, decode, encode

from configurator.catalogue.selection import Selection
from configurator.operations.document import Document, apply_changes
from configurator.operations.intents import operation_kind
from configurator.operations.outcomes import Adjusted, Change, Committed, Rejected, evaluate
from configurator.people.roles import Role
from configurator.pricing.derived import derive
from configurator.protocol import codec
from configurator.protocol.codes import Refused
from configurator.protocol.messages import (
    NOT_SAID,
    FromServer,
    Join,
    Leave,
    Left,
    Op,
    OpFrame,
    Ops,
    Outcome,
    Person,
    PositionFrame,
    Presence,
    Snapshot,
    You,
)
from tests.configurator.nest_haus import CATALOGUE

HOUSE = UUID(int=7)
CODE = "7K3M9QXA"
AT = datetime(2026, 1, 1, tzinfo=UTC)


def person(number: int) -> Person:
    return Person(id=UUID(int=100 + number), name=f"P{number}", colour=0)


class Server:
    """The log, its head, and the outcome of every op; the last versions of every state."""

    def __init__(self) -> None:
        self.epoch = UUID(int=1)
        self.document = Document(version=0, selection=CATALOGUE.defaults, written={})
        self.log: list[OpFrame] = []
        self.outcomes: dict[UUID, Outcome] = {}
        self.states: dict[tuple[UUID, int], tuple[Selection, int]] = {}
        self._remember()

    @property
    def version(self) -> int:
        return self.document.version

    @property
    def total_cents(self) -> int:
        return self.states[self.epoch, self.version][1]

    def new_epoch(self) -> None:
        self.epoch = UUID(int=self.epoch.int + 1)
        self._remember()

    def handle(self, text: str, author: Person) -> tuple[list[FromServer], OpFrame | None]:
        """The answers to its author, and what everybody is told."""
        message = codec.decode(text)
        match message:
            case Join():
                return [self._join(message, author)], None
            case Op():
                return self._op(message, author)
            case Leave():
                return [Left(re=message.id, configuration=HOUSE)], None
            case Presence():
                return [], None
            case _:
                raise AssertionError(message)

    def snapshot(self, author: Person, re: str | None = None) -> Snapshot:
        return Snapshot(
            re=re,
            configuration=HOUSE,
            code=CODE,
            catalogue=CATALOGUE.id,
            epoch=self.epoch,
            version=self.version,
            selection=dict(self.document.selection),
            derived=self._derived(),
            members=[],
            you=You(person=author.id, role=Role.EDITOR),
        )

    def position(self) -> PositionFrame:
        return PositionFrame(configuration=HOUSE, epoch=self.epoch, version=self.version)

    def _join(self, message: Join, author: Person) -> FromServer:
        since = message.since
        if since is None or since.epoch != self.epoch or since.version > self.version:
            return self.snapshot(author, message.id)
        missed = [frame for frame in self.log if frame.version > since.version]
        if missed and missed[0].version != since.version + 1:
            return self.snapshot(author, message.id)  # that part of the log is of another epoch
        return together(missed, since.version, self, re=message.id, author=author)

    def _op(self, message: Op, author: Person) -> tuple[list[FromServer], OpFrame | None]:
        known = self.outcomes.get(message.op_id)
        if known is not None:
            return [msgspec.structs.replace(known, re=message.id, repeated=True)], None
        if message.base_version > self.version:
            refused = codec.error(Refused("version_unknown"), re=message.id, op_id=message.op_id)
            return [refused], None
        result = evaluate(CATALOGUE, self.document.selection, message.operation)
        frame = None
        if isinstance(result, Committed | Adjusted):
            frame = self._commit(message, result, author)
        rejected = isinstance(result, Rejected)
        outcome = Outcome(
            re=message.id,
            configuration=HOUSE,
            op_id=message.op_id,
            outcome="rejected" if rejected else frame.outcome if frame else "rejected",
            version=self.version,
            total_cents=self.total_cents,
            reasons=list(result.reasons),
            repairs=list(result.repairs) if isinstance(result, Rejected) else [],
        )
        self.outcomes[message.op_id] = outcome
        return [outcome], frame

    def _commit(self, message: Op, result: Committed | Adjusted, author: Person) -> OpFrame:
        changes: list[Change] = list(result.changes)
        self.document = apply_changes(self.document, changes, self.version + 1)
        self._remember()
        frame = OpFrame(
            configuration=HOUSE,
            epoch=self.epoch,
            version=self.version,
            op_id=message.op_id,
            outcome="adjusted" if isinstance(result, Adjusted) else "committed",
            author=author,
            operation_kind=operation_kind(message.operation),
            changes=changes,
            reasons=list(result.reasons),
            total_cents=self.total_cents,
            at=AT,
            selection=dict(self.document.selection),
            derived=self._derived(),
        )
        self.log.append(frame)
        return frame

    def _derived(self) -> msgspec.Raw:
        found = derive(CATALOGUE, self.document.selection)
        return msgspec.Raw(msgspec.json.encode(found))

    def _remember(self) -> None:
        selection = self.document.selection
        total = derive(CATALOGUE, selection).price.total_cents
        self.states[self.epoch, self.version] = (selection, total)


def together(
    ops: list[OpFrame],
    since: int,
    server: Server,
    *,
    re: str | None = None,
    author: Person | None = None,
) -> Ops:
    """Several ops as one message: only the last is whole."""
    compact = [msgspec.structs.replace(op, selection=None, derived=NOT_SAID) for op in ops]
    return Ops(
        re=re,
        configuration=HOUSE,
        epoch=server.epoch,
        from_=since,
        to=since + len(ops),
        ops=[msgspec.Raw(codec.encode(op)) for op in [*compact[:-1], *ops[-1:]]],
        recovered=re is not None,
        members=[] if author else None,
        member_count=0 if author else None,
        you=You(person=author.id, role=Role.EDITOR) if author else None,
    )


@dataclass
class Peer:
    """A client's house, its two wires, and what a user of it has been told."""

    number: int
    state: HouseState
    connected: bool = False
    member: bool = False
    up: deque[str] = field(default_factory=deque)
    down: deque[bytes] = field(default_factory=deque)
    asked: list[UUID] = field(default_factory=list)
    guessed: dict[UUID, frozenset[str]] = field(default_factory=dict)
    settled: dict[UUID, Settled] = field(default_factory=dict)
    told_version: int | None = None

    def collect(self) -> None:
        """Put what the client wants to send on its wire; check what its user is told."""
        for message in self.state.take_messages():
            assert self.connected
            self.up.append(encode(message))
        for event in self.state.take_events():
            self._note(event)

    def _note(self, event: HouseEvent) -> None:
        match event:
            case Changed(op=op):
                assert self.told_version is not None
                assert op.version == self.told_version + 1, "(I3) only forward, one by one"
                self.told_version = op.version
            case Replaced(version=version, before=before):
                assert before == self.told_version
                self.told_version = version
            case Settled(op_id=op_id):
                assert op_id not in self.settled, "(I6) one outcome"
                self.settled[op_id] = event
            case Ended():
                raise AssertionError(event)
            case _:
                pass

    def receive(self, text: bytes, now: float) -> None:
        frame = decode(text)
        assert frame is not None
        if isinstance(frame, ErrorFrame):
            assert self.state.concerns(frame)
            self.state.refused(frame, now)
        else:
            self.state.receive(frame, now)  # type: ignore[arg-type]


def peer(number: int, capacity: int = 50) -> Peer:
    state = HouseState(CODE, number=number, capacity=capacity, random=Random(number))
    return Peer(number, state)


def entered() -> tuple[Server, Peer]:
    """A client that is in the house at version 0."""
    server, each = Server(), peer(1)
    each.connected = True
    each.state.connected(0.0)
    each.collect()
    answers, _ = server.handle(each.up.popleft(), person(1))
    each.receive(codec.encode(answers[0]), 0.0)
    each.collect()
    return server, each


def asked_one(each: Peer) -> UUID:
    op_id = UUID(int=1)
    each.state.submit(op_id, Select("nest", "nest120"), 0.0)
    each.collect()
    return op_id


def joins(each: Peer) -> list[str]:
    return [text for text in each.up if '"type":"join"' in text]
