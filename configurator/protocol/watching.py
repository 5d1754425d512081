"""The messages about interactions: a client reports its own, an admin program watches all."""

from typing import Annotated
from uuid import UUID

import msgspec

from configurator.activity.interaction import ClientMs, Seq, TabNumber
from configurator.protocol.envelope import ClientMessage, ServerMessage, SessionId, Short

StreamId = Annotated[str, msgspec.Meta(pattern=r"^\d{1,20}-\d{1,20}$")]
"""The id of an entry in the stream of interactions; later entries have larger ones."""


class Track(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="track"):
    """Reports one interaction; answered when it is stored. ``event_id`` makes retries safe.

    ``sent_at_ms`` is the time of the client's clock when it sends, in ms since 1970; it makes up
    for a wrong clock. ``seq`` is the number of the interaction in its ``tab``, from 1.
    """

    session_id: SessionId
    interaction: msgspec.Raw
    event_id: UUID | None = None
    sent_at_ms: ClientMs | None = None
    seq: Seq | None = None
    tab: TabNumber | None = None


class ActivityFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A filter for interactions: each field that is present restricts them further."""

    event_types: Annotated[list[Short], msgspec.Meta(max_length=32)] | None = None
    categories: Annotated[list[Short], msgspec.Meta(max_length=32)] | None = None
    session_id: SessionId | None = None


class Watch(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="watch"):
    """Subscribes an admin to the live interactions, beginning after the entry ``since``.

    Without ``since`` the subscription begins with the newest ``history`` interactions. A second
    watch replaces the first.
    """

    since: StreamId | None = None
    history: Annotated[int, msgspec.Meta(ge=0, le=100)] = 100
    filter: ActivityFilter | None = None


class Unwatch(ClientMessage, frozen=True, kw_only=True, tag_field="type", tag="unwatch"):
    """Ends the subscription to the live interactions."""


class Tracked(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="tracked", omit_defaults=False
):
    """The answer to ``track``: the interaction is stored, unless ``filtered`` says why not.

    ``filtered`` is the reason why its visitor does not want that: ``gpc``, ``dnt`` or
    ``no_consent``.
    """

    event_id: UUID
    duplicate: bool = False
    filtered: str | None = None


class Watching(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="watching"):
    """The subscription has begun; its interactions come after the entry ``since``."""

    since: str | None = None


class Activity(
    ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="activity", omit_defaults=False
):
    """Interactions in the order of the stream.

    Watch again with ``since`` = ``last_id``, and no interaction is missed. ``skipped`` is the
    number left out before these because the connection reads too slowly. ``gap`` says that some
    interactions after ``since`` are not in the stream any more.
    """

    events: list[dict[str, str | int | None]]
    last_id: str | None
    skipped: int = 0
    gap: bool = False


class Unwatched(ServerMessage, frozen=True, kw_only=True, tag_field="type", tag="unwatched"):
    """The subscription has ended; ``code`` says why if the client did not ask for it."""

    code: str | None = None
