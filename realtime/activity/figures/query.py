"""Query parameters of analytics: bounded first, then parsed; an unfit one is refused by name."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, get_args
from uuid import UUID

import msgspec
from starlette.requests import Request

from configurator.activity.ranges import (
    FIELDS,
    TIME_RANGES,
    ZONE,
    Bots,
    Range,
    RangeInvalid,
    parse_range,
)
from configurator.protocol.codes import Refused
from configurator.protocol.parameters import ParameterInvalid, Query, names_in, read_query
from storage.postgres.analytics.visits import Mark, PageEnd, VisitOrder

QUERY_MAX: Final = 2000
_NUMBERS: Final = ("value_cents", "interactions")
VALUE_MAX: Final = 512

AskedQuery = Mapping[str, str]

_MOMENT: Final[dict[str, Any]] = {"anyOf": [{"format": "date"}, {"format": "date-time"}]}
Word = Annotated[str, msgspec.Meta(max_length=VALUE_MAX)]
Moment = Annotated[str, msgspec.Meta(extra_json_schema=_MOMENT)]
Zone = Annotated[str, msgspec.Meta(description="An IANA time zone", examples=[ZONE])]


class ZoneQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The time zone of an answer's days and times. ``range_of`` reads and checks it."""

    tz: Zone | None = None


class BotsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Whether sessions of bots count. ``range_of`` reads and checks it."""

    bots: (
        Annotated[str, msgspec.Meta(title="Bots", extra_json_schema={"enum": list(get_args(Bots))})]
        | None
    ) = None


class RangeQuery(
    BotsQuery,
    frozen=True,
    kw_only=True,
    rename={"from_": "from", "time_range": "timeRange"},
):
    """The range of a figure. ``range_of`` reads and checks it."""

    from_: Moment | None = None
    to: Moment | None = None
    time_range: (
        Annotated[
            str,
            msgspec.Meta(title="TimeRange", extra_json_schema={"enum": [*TIME_RANGES, "all"]}),
        ]
        | None
    ) = None
    tz: Zone | None = None


def asked_of(request: Request, *known: type[msgspec.Struct]) -> dict[str, str]:
    """The parameters of a request, each once and of one of the structs.

    Raises Refused ``query_unusable``.
    """
    if len(request.scope["query_string"]) > QUERY_MAX:
        raise unusable("query", f"is longer than {QUERY_MAX} bytes")
    pairs = request.query_params.multi_items()
    asked = dict(pairs)
    if len(asked) < len(pairs):
        raise unusable("query", "has a parameter twice")
    return checked(asked, *known)


def checked(asked: Mapping[str, str], *shapes: type[msgspec.Struct]) -> dict[str, str]:
    """The parameters, if each belongs to one of these structs and is short enough.

    Raises Refused.
    """
    known = {name for shape in shapes for name in names_in(shape)}
    for name, value in asked.items():
        if name not in known:
            raise unusable(name[:64], f"is unknown; known are {', '.join(sorted(known))}")
        if len(value) > VALUE_MAX or "\x00" in value:
            raise unusable(name, f"is longer than {VALUE_MAX} characters or has a NUL")
    return dict(asked)


def range_of(asked: AskedQuery, now: datetime) -> Range:
    """The range of a request. Raises Refused with the place and the reason."""
    try:
        return parse_range({name: asked[name] for name in FIELDS if name in asked}, now)
    except RangeInvalid as invalid:
        why = f"{invalid.code}: {invalid.en}"
        raise unusable(invalid.field, why, reason=invalid.code) from None


def typed(asked: AskedQuery, shape: type[Query]) -> Query:
    """The parameters of this struct, decoded. Raises Refused."""
    try:
        return read_query(asked, shape)
    except ParameterInvalid as invalid:
        raise unusable(invalid.name, f"is {invalid.wanted}") from None


def id_of(text: str, name: str) -> UUID:
    """A UUID. Raises Refused."""
    try:
        return UUID(text)
    except ValueError:
        raise unusable(name, "is a UUID") from None


def place_in(text: str) -> PageEnd:
    """A place that ``cursor_of`` wrote. Raises Refused."""
    microseconds, _, rest = text.partition("_")
    if not (microseconds.isascii() and microseconds.isdigit() and len(microseconds) <= 17):
        raise unusable("cursor", "is the `next` of the page before")
    seconds, below = divmod(int(microseconds), 1_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=below)
    return moment, id_of(rest, "cursor")


def cursor_of(place: PageEnd) -> str:
    """A place as text, for the client to send back."""
    moment, ident = place
    whole = moment - datetime.fromtimestamp(0, UTC)
    return f"{(whole.days * 86_400 + whole.seconds) * 1_000_000 + whole.microseconds}_{ident}"


def mark_of(asked: AskedQuery, order: VisitOrder) -> Mark | None:
    """The end of the page of sessions before the one asked for. Raises Refused."""
    text = asked.get("cursor")
    if text is None or order.by.endswith("_at"):
        return None if text is None else place_in(text)
    value, _, ident = text.partition("_")
    session_id = id_of(ident, "cursor")
    try:
        found = _unmarked(value)
        return (int(found) if order.by in _NUMBERS else found), session_id
    except ValueError:
        raise unusable("cursor", "is the `next` of the page before") from None


def cursor_at(mark: Mark) -> str:
    """A mark as text, for the client to send back."""
    value, ident = mark
    if isinstance(value, datetime):
        return cursor_of((value, ident))
    return (
        f"{urlsafe_b64encode(str(value).encode()).decode().rstrip('=').replace('_', '~')}_{ident}"
    )


def _unmarked(text: str) -> str:
    padded = text.replace("~", "_") + "=" * (-len(text) % 4)
    return urlsafe_b64decode(padded.encode("ascii")).decode()


def unusable(name: str, why: str, *, reason: str | None = None) -> Refused:
    """The refusal of one parameter; `reason` is one word for it."""
    return Refused("query_unusable", detail=f"{name}: {why}"[:300], field=name, reason=reason)
