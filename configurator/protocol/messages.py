"""Every message of the protocol, as types: the single source for transports, docs and tests.

JSON objects tagged by ``type``. Unknown fields are ignored, so that newer peers can say more.
All sizes are bounded here, before anything else looks at a message.

Client to server: hello, join, leave, op, outcome_of, presence, invite, access_of, end_link, remove,
introduce, track, watch, unwatch, ping. Server to client: welcome, snapshot, ops, op, outcome,
position, presence, invited, access, link_ended, removed, access_changed, introduced, tracked,
watching, activity, unwatched, left, pong, error.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from configurator.activity import ClientMs, Seq, Tab
from configurator.catalogue import Text
from configurator.intents import Id
from configurator.operations import Change, Operation, Reason, Repair
from configurator.presence import Member
from configurator.protocol.envelope import ClientMessage, Reference, ServerMessage, Short
from configurator.protocol.sharing import (
    Access,
    AccessChanged,
    AccessOf,
    EndLink,
    Invite,
    Invited,
    LinkEnded,
    Remove,
    Removed,
)
from configurator.selection import Choice
from configurator.untrusted import NAME_PATTERN

PROTOCOL = 1
"""The version of the protocol that this code speaks."""

OLDEST_PROTOCOL = 1
"""The oldest version of the protocol that this code still speaks."""

MESSAGE_BYTES_MAX = 64 * 1024
"""No message from a client may be larger, in bytes."""

MEMBERS_SHOWN = 50
"""So many members are listed by name; of more only the number is told."""

POSITION_MS = 2000
"""A member who did not receive a version hears of it from a ``position`` within this time."""

HEARTBEAT_MS_MAX = 10_000
"""A client with a heartbeat of its own says something at least so often."""

NOT_SAID = msgspec.Raw()
"""Stands for a JSON value that is left out; only this very object is."""

Token = Annotated[str, msgspec.Meta(min_length=16, max_length=128)]
SessionId = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=128, extra_json_schema={"pattern": NAME_PATTERN}),
]
VERSION_MAX = 2**53
Version = Annotated[int, msgspec.Meta(ge=0, le=VERSION_MAX)]


class Hello(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="hello"):
    """Opens a connection. ``token`` is the bearer token of a person; a cookie does as well.

    ``heartbeat_ms``: this client sends some message, a ``ping`` at least, at least so often, so
    that only its messages count as signs of life, and not what answers pings below it.

    ``session_id`` is what interactions of this visit are tracked under: that session is then of this
    person and of the configurations that the connection enters. Nothing is kept of who objects.
    """

    protocol: int
    token: Token | None = None
    client: Short | None = None
    heartbeat_ms: Annotated[int, msgspec.Meta(ge=100, le=HEARTBEAT_MS_MAX)] | None = None
    session_id: SessionId | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """How far a client has seen a configuration."""

    epoch: UUID
    version: Version


class Join(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="join"):
    """Enters a configuration by id or code; with ``since`` only what was missed is sent."""

    configuration: Reference
    since: Position | None = None


class Leave(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="leave"):
    """Leaves a configuration."""

    configuration: Reference


class Op(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="op"):
    """Asks for a change. The same ``op_id`` again gives the same outcome again.

    A guarded op commits only if nobody changed, after ``base_version``, what it relies on.
    ``epoch``: the history that ``base_version`` counts in. Of another one than the present an op is
    judged on the newest state, unless it is guarded, an undo or a redo: what it means is gone.
    """

    configuration: Reference
    op_id: UUID
    base_version: Version
    operation: Operation
    guarded: bool = False
    epoch: UUID | None = None

    def request(self) -> "OpRequest":
        """Without its address."""
        return OpRequest(
            op_id=self.op_id,
            base_version=self.base_version,
            operation=self.operation,
            guarded=self.guarded,
            epoch=self.epoch,
        )


class OpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of ``POST /api/configurations/{id}/ops``: an op whose address is in the path."""

    op_id: UUID
    base_version: Version
    operation: Operation
    guarded: bool = False
    epoch: UUID | None = None


class OutcomeOf(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="outcome_of"):
    """Asks what became of an op, on whatever process it was sent; answered with its outcome.

    ``op_unknown`` means that it is not stored: sending it again, with the same ``op_id``, is safe.
    """

    configuration: Reference
    op_id: UUID


class Presence(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="presence"):
    """Says where in the configurator this person is."""

    configuration: Reference
    category: Id | None = None
    view: Id | None = None


class Introduce(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="introduce"):
    """Sets the name that others see. Its length is that of what is kept of it."""

    name: str


class Track(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="track"):
    """Reports one interaction; answered when it is stored. ``event_id`` makes retries safe.

    ``sent_at_ms`` is the client's clock at the moment of sending, in ms since 1970: with it a wrong
    clock does no harm. ``seq`` counts the interactions of one ``tab`` of a session from 1.
    """

    session_id: SessionId
    interaction: msgspec.Raw
    event_id: UUID | None = None
    sent_at_ms: ClientMs | None = None
    seq: Seq | None = None
    tab: Tab | None = None


StreamId = Annotated[str, msgspec.Meta(pattern=r"^\d{1,20}-\d{1,20}$")]
"""The id of an entry in the stream of interactions; later entries have larger ones."""


class ActivityFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which interactions to see; what is absent does not restrict, several restrict together."""

    event_types: Annotated[list[Short], msgspec.Meta(max_length=32)] | None = None
    categories: Annotated[list[Short], msgspec.Meta(max_length=32)] | None = None
    session_id: SessionId | None = None


class Watch(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="watch"):
    """Subscribes an admin to the live interactions: first what is stored after ``since``.

    Without ``since`` it begins with the newest ``history`` interactions. A second watch replaces
    the first.
    """

    since: StreamId | None = None
    history: Annotated[int, msgspec.Meta(ge=0, le=100)] = 100
    filter: ActivityFilter | None = None


class Unwatch(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="unwatch"):
    """Ends the subscription to the live interactions."""


class Ping(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="ping"):
    """Asks whether the server is there."""


FromClient = (
    Hello
    | Join
    | Leave
    | Op
    | OutcomeOf
    | Presence
    | Invite
    | AccessOf
    | EndLink
    | Remove
    | Introduce
    | Track
    | Watch
    | Unwatch
    | Ping
)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody as others see them; ``colour`` is 0..7."""

    id: UUID
    name: str
    colour: int


class You(msgspec.Struct, frozen=True, kw_only=True):
    """Who the receiver is in this configuration and what they may do.

    ``can_undo`` and ``can_redo``: whether undo and redo have something to take back or bring back
    for this person; null where the server did not look.
    """

    person: UUID
    role: str
    can_undo: bool | None = None
    can_redo: bool | None = None


OutcomeName = Literal["committed", "adjusted", "rejected", "conflict"]


class Welcome(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="welcome", omit_defaults=False
):
    """The connection is open and this is who you are.

    ``position_ms``: a member is told the newest version at least so often while it changes.
    """

    protocol: int
    connection: str
    person: Person | None
    session_id: str | None
    position_ms: int = POSITION_MS


class Snapshot(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="snapshot", omit_defaults=False
):
    """The whole configuration at one version; replaces whatever the client knew.

    ``restored_to``: the history of this epoch began with a backup of this moment. Whoever saw
    another epoch before: what was changed after it is gone.
    """

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


class OpFrame(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="op"):
    """One committed change with the price and pictures that belong to it, to every member.

    ``selection`` and ``derived`` are the whole state after it. They are absent from all but the
    last op of an ``ops`` message, where only ``changes`` and ``total_cents`` say what it made.
    ``reverts``: the version of the op that this undo or redo took back.
    """

    configuration: UUID
    epoch: UUID
    version: int
    op_id: UUID
    outcome: Annotated[Literal["committed", "adjusted"], msgspec.Meta(title="StoredOutcome")]
    author: Person
    operation_kind: str
    changes: list[Change]
    reasons: list[Reason]
    total_cents: int
    at: datetime
    reverts: int | None = None
    selection: dict[str, Choice] | None = None
    derived: msgspec.Raw = NOT_SAID


class Ops(
    ServerMessage,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="ops",
    omit_defaults=False,
    rename={"from_": "from"},
):
    """Several ops in order, without a gap: versions ``from`` + 1 to ``to``.

    As the answer to a join exactly what was missed, with ``recovered``, ``members`` and ``you``;
    without these what was committed within one flush. The last op carries the whole state; when
    nothing was missed ``ops`` is empty.
    """

    configuration: UUID
    epoch: UUID
    from_: int
    to: int
    ops: list[msgspec.Raw]
    recovered: bool = False
    members: list[Member] | None = None
    member_count: int | None = None
    you: You | None = None


class Outcome(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="outcome", omit_defaults=False
):
    """What became of an op, to its author only. ``total_cents`` is the price at ``version``.

    For refused ops that is the version they were judged at. ``can_undo`` and ``can_redo`` as in
    ``You``, after this op.
    """

    configuration: UUID
    op_id: UUID
    outcome: Annotated[OutcomeName, msgspec.Meta(title="OutcomeName")]
    version: int
    total_cents: int | None
    reasons: list[Reason]
    repairs: list[Repair]
    repeated: bool = False
    can_undo: bool | None = None
    can_redo: bool | None = None


class PositionFrame(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="position"):
    """The newest version. Whoever has not received it joins again with their own position."""

    configuration: UUID
    epoch: UUID
    version: int


class PresenceFrame(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="presence"):
    """Who is here now, all processes together: at most ``MEMBERS_SHOWN`` of ``member_count``."""

    configuration: UUID
    members: list[Member]
    member_count: int


class Tracked(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="tracked", omit_defaults=False
):
    """The interaction is stored.

    ``filtered``: it is not, because its visitor does not want that; ``gpc``, ``dnt`` or
    ``no_consent``.
    """

    event_id: UUID
    duplicate: bool = False
    filtered: str | None = None


class Introduced(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="introduced"):
    """The new name is stored."""

    person: Person


class Watching(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="watching"):
    """The subscription is there; ``since`` is the entry after which it begins."""

    since: str | None = None


class Activity(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="activity", omit_defaults=False
):
    """Interactions in the order of the stream.

    Watch again with ``since`` = ``last_id`` and nothing is missed. ``skipped``: so many were left
    out before these because this connection reads too slowly. ``gap``: what was stored after
    ``since`` is not all there any more.
    """

    events: list[dict[str, str | int | None]]
    last_id: str | None
    skipped: int = 0
    gap: bool = False


class Unwatched(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="unwatched"):
    """The subscription has ended; ``code`` says why when nobody asked for that."""

    code: str | None = None


class Left(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="left"):
    """The configuration was left; ``code`` says why when nobody asked for that."""

    configuration: UUID
    code: str | None = None


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
    | PositionFrame
    | PresenceFrame
    | Invited
    | Access
    | LinkEnded
    | Removed
    | AccessChanged
    | Tracked
    | Introduced
    | Watching
    | Activity
    | Unwatched
    | Left
    | Pong
    | Error
)
