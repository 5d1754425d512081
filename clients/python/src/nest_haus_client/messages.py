"""The messages of protocol version 1 as this client speaks them.

Unknown fields and unknown message types of the server are ignored, so that a newer server can say
more than this client understands.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from nest_haus_client.core.operations import Operation
from nest_haus_client.core.selection import Choice

PROTOCOL = 1

OutcomeName = Literal["committed", "adjusted", "rejected", "conflict"]


class Text(msgspec.Struct, frozen=True):
    """A sentence for people, in German and in English."""

    de: str
    en: str


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """The reason why an op was refused or adjusted; decide by ``code``, show ``text``."""

    code: str
    text: Text
    category: str | None = None


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """An operation that would be accepted instead, and what it would change the price by."""

    operation: Operation
    text: Text
    difference_cents: int


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One category before and after; ``cause`` is ``asked`` or ``rule``."""

    category: str
    before: Choice | None
    after: Choice | None
    cause: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody as others see them; ``colour`` is 0..7."""

    id: UUID
    name: str
    colour: int


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One connection of a person in a house; ``category`` and ``view`` are looked at now."""

    connection: str
    person: UUID
    name: str
    initials: str
    colour: int
    role: str
    category: str | None = None
    view: str | None = None


class You(msgspec.Struct, frozen=True, kw_only=True):
    """The receiver's own place in a house.

    ``can_undo`` and ``can_redo`` are None where nobody looked.
    """

    person: UUID
    role: str
    can_undo: bool | None = None
    can_redo: bool | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """The version up to which this client has seen a house, in its history."""

    epoch: UUID
    version: int


# ---- to the server


class _ToServer(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """``id`` comes back as ``re``."""

    id: str | None = None


class Hello(_ToServer, frozen=True, kw_only=True, tag="hello"):
    """Opens a connection."""

    protocol: int
    token: str | None = None
    client: str | None = None
    session_id: str | None = None


class Join(_ToServer, frozen=True, kw_only=True, tag="join"):
    """Enters a house; with ``since`` only what was missed is sent."""

    configuration: str
    since: Position | None = None


class Leave(_ToServer, frozen=True, kw_only=True, tag="leave"):
    """Leaves a house."""

    configuration: str


class Op(_ToServer, frozen=True, kw_only=True, tag="op"):
    """Asks for a change."""

    configuration: str
    op_id: UUID
    base_version: int
    operation: Operation
    guarded: bool = False
    epoch: UUID | None = None


class OutcomeOf(_ToServer, frozen=True, kw_only=True, tag="outcome_of"):
    """Asks what became of an op."""

    configuration: str
    op_id: UUID


class Present(_ToServer, frozen=True, kw_only=True, tag="presence"):
    """Says where in the configurator this person is."""

    configuration: str
    category: str | None = None
    view: str | None = None


class Introduce(_ToServer, frozen=True, kw_only=True, tag="introduce"):
    """Sets the name that others see."""

    name: str


class ActivityFilter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The interactions to see; an absent field does not restrict."""

    event_types: list[str] | None = None
    categories: list[str] | None = None
    session_id: str | None = None


class Watch(_ToServer, frozen=True, kw_only=True, tag="watch"):
    """Subscribes an admin to the live interactions."""

    since: str | None = None
    history: int = 100
    filter: ActivityFilter | None = None


class Unwatch(_ToServer, frozen=True, kw_only=True, tag="unwatch"):
    """Ends the subscription to the live interactions."""


ToServer = Hello | Join | Leave | Op | OutcomeOf | Present | Introduce | Watch | Unwatch


# ---- from the server


class _FromServer(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """``re`` is the ``id`` of the message that is answered."""

    re: str | None = None


class Welcome(_FromServer, frozen=True, kw_only=True, tag="welcome"):
    """The connection is open and this is who you are."""

    protocol: int
    connection: str
    person: Person | None = None
    session_id: str | None = None
    position_ms: int = 2000


class Snapshot(_FromServer, frozen=True, kw_only=True, tag="snapshot"):
    """The whole house at one version; replaces whatever was known."""

    configuration: UUID
    code: str
    catalogue: str
    epoch: UUID
    version: int
    selection: dict[str, Choice]
    derived: msgspec.Raw
    members: list[Member]
    you: You
    recovered: bool = False
    member_count: int = 0
    restored_to: datetime | None = None


class OpFrame(_FromServer, frozen=True, kw_only=True, tag="op"):
    """One committed change. ``selection`` and ``derived`` are absent inside ``ops``, but the last."""

    configuration: UUID
    epoch: UUID
    version: int
    op_id: UUID
    outcome: Literal["committed", "adjusted"]
    author: Person
    operation_kind: str
    changes: list[Change]
    reasons: list[Reason]
    total_cents: int
    at: datetime
    reverts: int | None = None
    selection: dict[str, Choice] | None = None
    derived: msgspec.Raw = msgspec.Raw()


class Ops(_FromServer, frozen=True, kw_only=True, tag="ops", rename={"from_": "from"}):
    """Several ops in order: versions ``from`` + 1 to ``to``."""

    configuration: UUID
    epoch: UUID
    from_: int
    to: int
    ops: list[OpFrame]
    recovered: bool = False
    members: list[Member] | None = None
    member_count: int | None = None
    you: You | None = None


class Outcome(_FromServer, frozen=True, kw_only=True, tag="outcome"):
    """The outcome of an op; ``total_cents`` is the price at ``version``.

    ``ok`` is whether the house is as asked now, if need be with a rule's adjustments.
    """

    configuration: UUID
    op_id: UUID
    outcome: OutcomeName
    version: int
    total_cents: int | None
    reasons: list[Reason] = []
    repairs: list[Repair] = []
    repeated: bool = False
    can_undo: bool | None = None
    can_redo: bool | None = None

    @property
    def ok(self) -> bool:
        """Whether it was committed, as asked or adjusted."""
        return self.outcome in {"committed", "adjusted"}


class PositionFrame(_FromServer, frozen=True, kw_only=True, tag="position"):
    """The newest version. A client that has not received it joins again."""

    configuration: UUID
    epoch: UUID
    version: int


class PresenceFrame(_FromServer, frozen=True, kw_only=True, tag="presence"):
    """The people present now."""

    configuration: UUID
    members: list[Member]
    member_count: int = 0


class Introduced(_FromServer, frozen=True, kw_only=True, tag="introduced"):
    """The new name is stored."""

    person: Person


class Watching(_FromServer, frozen=True, kw_only=True, tag="watching"):
    """The subscription is there; ``since`` is the entry after which it begins."""

    since: str | None = None


class Activity(_FromServer, frozen=True, kw_only=True, tag="activity"):
    """Interactions in the order of the stream; resume with ``since`` = ``last_id``."""

    events: list[dict[str, str | int | None]]
    last_id: str | None = None
    skipped: int = 0
    gap: bool = False


class Unwatched(_FromServer, frozen=True, kw_only=True, tag="unwatched"):
    """The subscription has ended."""

    code: str | None = None


class Left(_FromServer, frozen=True, kw_only=True, tag="left"):
    """The house was left; ``code`` says why when nobody asked for that."""

    configuration: UUID
    code: str | None = None


class Pong(_FromServer, frozen=True, kw_only=True, tag="pong"):
    """The server is there."""


class ErrorFrame(_FromServer, frozen=True, kw_only=True, tag="error"):
    """A message was not carried out."""

    code: str
    message: Text
    retryable: bool = False
    retry_after_ms: int | None = None
    op_id: UUID | None = None
    detail: str | None = None


FromServer = (
    Welcome
    | Snapshot
    | OpFrame
    | Ops
    | Outcome
    | PositionFrame
    | PresenceFrame
    | Introduced
    | Watching
    | Activity
    | Unwatched
    | Left
    | Pong
    | ErrorFrame
)


class Unreadable(Exception):
    """The server sent something that is not a message of this protocol."""


class _Tagged(msgspec.Struct, frozen=True):
    type: str


_encoder = msgspec.json.Encoder()
_from_server: msgspec.json.Decoder[FromServer] = msgspec.json.Decoder(FromServer)
_tag = msgspec.json.Decoder(_Tagged)
_known = frozenset(str(message.__struct_config__.tag) for message in FromServer.__args__)


def encode(message: ToServer) -> str:
    """The JSON text of a message."""
    return _encoder.encode(message).decode()


def decode(text: str | bytes) -> FromServer | None:
    """The message in a server's text; None when its type is not known here. Raises Unreadable."""
    try:
        return _from_server.decode(text)
    except (msgspec.DecodeError, UnicodeError) as problem:
        try:
            if _tag.decode(text).type not in _known:
                return None
        except (msgspec.DecodeError, UnicodeError):
            pass
        raise Unreadable(str(problem)[:200]) from None
