"""Every message of the protocol, as types: the single source for transports, docs and tests.

JSON objects tagged by ``type``. Unknown fields are ignored, so that newer peers can say more.
All sizes are bounded here, before anything else looks at a message.

Client to server: hello, join, leave, op, presence, introduce, track, ping.
Server to client: welcome, snapshot, ops, op, outcome, presence, tracked, left, pong, error.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from configurator.catalogue import Text
from configurator.intents import Id
from configurator.operations import Change, Operation, Reason, Repair
from configurator.presence import Member
from configurator.selection import Choice

PROTOCOL = 1
"""The version of the protocol that this code speaks."""

MESSAGE_BYTES_MAX = 64 * 1024
"""No message from a client may be larger, in bytes."""

Short = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Token = Annotated[str, msgspec.Meta(min_length=16, max_length=128)]
Version = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class ClientMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What all messages from a client have in common: ``id`` comes back as ``re``."""

    id: Short | None = None


class Hello(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="hello"):
    """Opens a connection. ``token`` is the bearer token of a person; a cookie does as well."""

    protocol: int
    token: Token | None = None
    client: Short | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """How far a client has seen a configuration."""

    epoch: UUID
    version: Version


class Join(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="join"):
    """Enters a configuration by id or code; with ``since`` only what was missed is sent."""

    configuration: Short
    since: Position | None = None


class Leave(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="leave"):
    """Leaves a configuration."""

    configuration: Short


class Op(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="op"):
    """Asks for a change. The same ``op_id`` again gives the same outcome again.

    A guarded op commits only if nobody changed, after ``base_version``, what it relies on.
    """

    configuration: Short
    op_id: UUID
    base_version: Version
    operation: Operation
    guarded: bool = False


class OpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of ``POST /api/configurations/{id}/ops``: an op whose address is in the path."""

    op_id: UUID
    base_version: Version
    operation: Operation
    guarded: bool = False


class Presence(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="presence"):
    """Says where in the configurator this person is."""

    configuration: Short
    category: Id | None = None
    view: Id | None = None


class Introduce(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="introduce"):
    """Sets the name that others see."""

    name: Name


class Track(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="track"):
    """Reports one interaction; answered when it is stored. ``event_id`` makes retries safe."""

    session_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    interaction: msgspec.Raw
    event_id: UUID | None = None


class Ping(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="ping"):
    """Asks whether the server is there."""


FromClient = Hello | Join | Leave | Op | Presence | Introduce | Track | Ping


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody as others see them; ``colour`` is 0..7."""

    id: UUID
    name: str
    colour: int


class You(msgspec.Struct, frozen=True, kw_only=True):
    """Who the receiver is in this configuration and what they may do."""

    person: UUID
    role: str


OutcomeName = Literal["committed", "adjusted", "rejected", "conflict"]


class ServerMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What all answers have in common: ``re`` is the ``id`` of the message that is answered."""

    re: str | None = None


class Welcome(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="welcome"):
    """The connection is open and this is who you are."""

    protocol: int
    connection: str
    person: Person | None
    session_id: str | None


class Snapshot(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="snapshot", omit_defaults=False
):
    """The whole configuration at one version; replaces whatever the client knew."""

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


class OpFrame(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="op"):
    """One committed change with the price and pictures that belong to it, to every member."""

    configuration: UUID
    epoch: UUID
    version: int
    op_id: UUID
    outcome: Literal["committed", "adjusted"]
    author: Person
    operation_kind: str
    changes: list[Change]
    reasons: list[Reason]
    selection: dict[str, Choice]
    derived: msgspec.Raw
    at: datetime


class Ops(
    ServerMessage,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="ops",
    omit_defaults=False,
    rename={"from_": "from"},
):
    """Exactly the ops that were missed, in order: versions ``from`` + 1 to ``to``."""

    configuration: UUID
    epoch: UUID
    from_: int
    to: int
    ops: list[msgspec.Raw]
    members: list[Member]
    you: You
    recovered: bool = True


class Outcome(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="outcome", omit_defaults=False
):
    """What became of an op, to its author only. ``total_cents`` is the price at ``version``.

    For refused ops that is the version they were judged at.
    """

    configuration: UUID
    op_id: UUID
    outcome: OutcomeName
    version: int
    total_cents: int | None
    reasons: list[Reason]
    repairs: list[Repair]
    repeated: bool = False


class PresenceFrame(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="presence"):
    """Everybody who is here now, all processes together."""

    configuration: UUID
    members: list[Member]


class Tracked(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="tracked", omit_defaults=False
):
    """The interaction is stored."""

    event_id: UUID
    duplicate: bool = False


class Introduced(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="introduced"):
    """The new name is stored."""

    person: Person


class Left(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="left"):
    """The configuration was left."""

    configuration: UUID


class Pong(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="pong"):
    """The server is there."""


class Error(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="error"):
    """A message was not carried out; ``code`` is one of ``codes.CODES``."""

    code: str
    message: Text
    retryable: bool = msgspec.field(default=False)
    retry_after_ms: int | None = None
    op_id: UUID | None = None
    detail: str | None = None


FromServer = (
    Welcome
    | Snapshot
    | OpFrame
    | Ops
    | Outcome
    | PresenceFrame
    | Tracked
    | Introduced
    | Left
    | Pong
    | Error
)
