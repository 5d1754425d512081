"""Every message of the protocol, as types: the single source for transports, docs and tests.

JSON objects, tagged by ``type`` and bounded. Unknown fields are ignored: newer peers may say more.

Client to server: hello, join, leave, op, outcome_of, presence, invite, access_of, end_link, remove,
introduce, track, watch, unwatch, ping. Server to client: welcome, snapshot, ops, op, outcome,
position, presence, invited, access, link_ended, removed, access_changed, introduced, tracked,
watching, activity, unwatched, left, pong, error.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from configurator.catalogue.selection import Choice
from configurator.operations.intents import Id, Operation
from configurator.operations.outcomes import Change, Repair
from configurator.operations.reasons import Reason
from configurator.people.presence import Member
from configurator.people.roles import Role
from configurator.protocol.envelope import ClientMessage, IdOrCode, ServerMessage, SessionId, Short
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
from configurator.protocol.watching import (
    Activity,
    Track,
    Tracked,
    Unwatch,
    Unwatched,
    Watch,
    Watching,
)
from configurator.text import Text

PROTOCOL = 1
"""The version of the protocol that this code speaks."""

OLDEST_PROTOCOL = 1
"""The oldest version of the protocol that this code still speaks."""

MESSAGE_BYTES_MAX = 64 * 1024
"""The largest message from a client, in bytes."""

MEMBERS_SHOWN = 50
"""The most members that are listed by name; of further ones only the number is told."""

POSITION_MS = 2000
"""A member who missed a version gets a ``position`` within this time."""

HEARTBEAT_MS_MAX = 10_000
"""A client with a heartbeat of its own sends a message at least this often."""

NOT_SAID = msgspec.Raw()
"""Stands for a JSON value that is absent; compare with ``is``."""

Token = Annotated[str, msgspec.Meta(min_length=16, max_length=128)]
VERSION_MAX = 2**53
Version = Annotated[int, msgspec.Meta(ge=0, le=VERSION_MAX)]


class Hello(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="hello"):
    """Opens a connection. ``token`` is the bearer token of a person; a cookie works as well.

    With ``heartbeat_ms`` the client promises to send a message, a ``ping`` at least, this often:
    then only its messages count as signs of life, and not the answers of its transport to pings.
    ``session_id`` is the session under which interactions of this visit are tracked. It then
    belongs to this person and to the configurations that the connection enters. No session is kept
    for a visitor who objects to measurement.
    """

    protocol: int
    token: Token | None = None
    client: Short | None = None
    heartbeat_ms: Annotated[int, msgspec.Meta(ge=100, le=HEARTBEAT_MS_MAX)] | None = None
    session_id: SessionId | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """The version up to which a client has seen a configuration, in the history ``epoch``."""

    epoch: UUID
    version: Version


class Join(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="join"):
    """Enters a configuration by id or code; with ``since`` only the missed ops are sent."""

    configuration: IdOrCode
    since: Position | None = None


class Leave(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="leave"):
    """Leaves a configuration."""

    configuration: IdOrCode


class Op(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="op"):
    """Asks for a change. The same ``op_id`` again gives the same outcome again.

    A guarded op commits only if nobody changed, after ``base_version``, the categories that it
    relies on. ``epoch`` is the history that ``base_version`` counts in. If that is not the present
    history, an op is judged on the newest state; a guarded op, an undo or a redo is refused,
    because the state that it refers to is gone.
    """

    configuration: IdOrCode
    op_id: UUID
    base_version: Version
    operation: Operation
    guarded: bool = False
    epoch: UUID | None = None

    def request(self) -> "OpRequest":
        """The op without its address."""
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
    """Asks for the outcome of an op, whichever process it was sent to.

    The error ``op_unknown`` means that the op is not stored: sending it again, with the same
    ``op_id``, is safe.
    """

    configuration: IdOrCode
    op_id: UUID


class Presence(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="presence"):
    """Tells where in the configurator this person is."""

    configuration: IdOrCode
    category: Id | None = None
    view: Id | None = None


class Introduce(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="introduce"):
    """Sets the name that others see. Its length is measured after cleaning."""

    name: str


class Ping(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="ping"):
    """Asks for a ``pong``, as a sign of life."""


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
    """A person as others see them; ``colour`` is 0 to 7."""

    id: UUID
    name: str
    colour: int


class You(msgspec.Struct, frozen=True, kw_only=True):
    """The receiver: their role in this configuration, and whether they can undo and redo.

    ``can_undo`` and ``can_redo`` say whether this person has an op to undo or redo; null if the
    server did not look it up.
    """

    person: UUID
    role: Role
    can_undo: bool | None = None
    can_redo: bool | None = None


OutcomeName = Literal["committed", "adjusted", "rejected", "conflict"]


class Welcome(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="welcome", omit_defaults=False
):
    """The connection is open; ``person`` is the receiver.

    While a configuration changes, its members are told the newest version at least every
    ``position_ms``.
    """

    protocol: int
    connection: str
    person: Person | None
    session_id: str | None
    position_ms: int = POSITION_MS


class Snapshot(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="snapshot", omit_defaults=False
):
    """The whole configuration at one version; it replaces everything that the client knew.

    ``restored_to`` is set if the history of this epoch began with a backup of that moment: for a
    client that saw another epoch, changes after that moment are gone.
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
    """One committed op, with the price and pictures after it, to every member.

    ``selection`` and ``derived`` are the whole state after it. In an ``ops`` message only the last
    op has them; the others have ``changes`` and ``total_cents`` only. ``reverts`` is the version of
    the op that this undo or redo took back.
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

    As the answer to a join, these are exactly the missed ops, with ``recovered``, ``members`` and
    ``you``; without these fields they are ops that were committed at nearly the same time. The last
    op carries the whole state; ``ops`` is empty if none was missed.
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
    """The outcome of an op, to its author only. ``total_cents`` is the price at ``version``.

    For a refused op that is the version it was judged on. ``can_undo`` and ``can_redo`` are as in
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
    """The newest version. A client that has not received it joins again with its own position."""

    configuration: UUID
    epoch: UUID
    version: int


class PresenceFrame(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="presence"):
    """The people present now, over all processes: at most ``MEMBERS_SHOWN`` of ``member_count``."""

    configuration: UUID
    members: list[Member]
    member_count: int


class Introduced(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="introduced"):
    """The new name is stored; ``person`` has it."""

    person: Person


class Left(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="left"):
    """The configuration was left; ``code`` says why if the client did not ask to leave."""

    configuration: UUID
    code: str | None = None


class Pong(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="pong"):
    """The answer to a ``ping``."""


class Error(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="error"):
    """A message was not carried out; ``code`` is one of the table of codes."""

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
