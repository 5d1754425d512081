"""Query parameters of analytics: bounded first, then parsed; what does not fit is refused by name."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from starlette.requests import Request

from configurator.protocol.codes import Refused
from configurator.ranges import FIELDS, Range, RangeInvalid, parse_range
from storage.postgres.analytics.visits import Mark, Order, Place

QUERY_MAX: Final = 2000
_NUMBERS: Final = ("value_cents", "interactions")
VALUE_MAX: Final = 512

Asked = Mapping[str, str]


def asked_of(request: Request, known: Collection[str]) -> dict[str, str]:
    """The parameters of a request, each once and known. Raises Refused ``query_unusable``."""
    if len(request.scope["query_string"]) > QUERY_MAX:
        raise unusable("query", f"is longer than {QUERY_MAX} bytes")
    pairs = request.query_params.multi_items()
    asked = dict(pairs)
    if len(asked) < len(pairs):
        raise unusable("query", "has a parameter twice")
    return checked(asked, known)


def checked(asked: Mapping[str, str], known: Collection[str]) -> dict[str, str]:
    """Parameters that are all known and short enough. Raises Refused."""
    for name, value in asked.items():
        if name not in known:
            raise unusable(name[:64], f"is unknown; known are {', '.join(sorted(known))}")
        if len(value) > VALUE_MAX or "\x00" in value:
            raise unusable(name, f"is longer than {VALUE_MAX} characters or has a NUL")
    return dict(asked)


def range_of(asked: Asked, now: datetime) -> Range:
    """The range of a request. Raises Refused with the place and the reason."""
    try:
        return parse_range({name: asked[name] for name in FIELDS if name in asked}, now)
    except RangeInvalid as invalid:
        raise unusable(invalid.field, f"{invalid.code}: {invalid.en}") from None


def number_of(asked: Asked, name: str, *, default: int, low: int, high: int) -> int:
    """A whole number within bounds. Raises Refused."""
    text = asked.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 15 and low <= int(text) <= high):
        raise unusable(name, f"is a whole number from {low} to {high}")
    return int(text)


def one_of(asked: Asked, name: str, known: Collection[str], *, default: str) -> str:
    """One of the known values. Raises Refused."""
    value = asked.get(name, default)
    if value not in known:
        raise unusable(name, f"is one of {', '.join(known)}")
    return value


def id_of(text: str, name: str) -> UUID:
    """A UUID. Raises Refused."""
    try:
        return UUID(text)
    except ValueError:
        raise unusable(name, "is a UUID") from None


def place_in(text: str) -> Place:
    """A place that ``cursor_of`` wrote. Raises Refused."""
    microseconds, _, rest = text.partition("_")
    if not (microseconds.isascii() and microseconds.isdigit() and len(microseconds) <= 17):
        raise unusable("cursor", "is the `next` of the page before")
    seconds, below = divmod(int(microseconds), 1_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=below)
    return moment, id_of(rest, "cursor")


def cursor_of(place: Place) -> str:
    """A place as the client sends it back."""
    moment, ident = place
    whole = moment - datetime.fromtimestamp(0, UTC)
    return f"{(whole.days * 86_400 + whole.seconds) * 1_000_000 + whole.microseconds}_{ident}"


def mark_of(asked: Asked, order: Order) -> Mark | None:
    """Where the page of sessions before this one ended. Raises Refused."""
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
    """A mark as the client sends it back."""
    value, ident = mark
    if isinstance(value, datetime):
        return cursor_of((value, ident))
    return (
        f"{urlsafe_b64encode(str(value).encode()).decode().rstrip('=').replace('_', '~')}_{ident}"
    )


def _unmarked(text: str) -> str:
    padded = text.replace("~", "_") + "=" * (-len(text) % 4)
    return urlsafe_b64decode(padded.encode("ascii")).decode()


def unusable(name: str, why: str) -> Refused:
    """The refusal of one parameter."""
    return Refused("query_unusable", detail=f"{name}: {why}"[:300])
