"""Checks of interactions from strangers: texts to keep, values within bounds, or a refusal."""

import json
import math
import re
from typing import TypeVar

import msgspec

from configurator.errors import ConfiguratorError

PROPS_BYTES_MAX = 2_048
PROPS_DEPTH_MAX = 4
PROPS_KEY_MAX = 64
WHOLE_MAX = 2**53 - 1
"""Whole numbers up to here are the same in every JSON reader."""

T = TypeVar("T")

# Control characters, turns of the writing direction (one line in the feed would look like another),
# and halves of characters.
_UNSTORABLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
NAME_PATTERN = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u202a-\\u202e\\u2066-\\u2069]*$"
"""The texts that `clean_name` accepts, for JSON Schema, which cannot express halves of
characters."""
_LINES = str.maketrans("", "", "\t\n\r")
_PLACE = re.compile(r"at `\$\.?(?P<place>[^`]*)`")


class InteractionInvalid(ConfiguratorError):
    """The JSON is not an interaction. `code` is a key of `SENTENCES`, `field` names the place.

    `de` and `en` are sentences for people.
    """

    def __init__(self, code: str, field: str | None = None) -> None:
        self.code = code
        self.field = field
        self.de, self.en = SENTENCES[code]
        super().__init__(f"{self.en} ({field})" if field else self.en)


class FieldsMissing(InteractionInvalid):
    """The fields that the original API requires are missing; `en` is its sentence, to the letter."""


SENTENCES = {
    "missing_fields": (
        "Es fehlen Pflichtfelder: sessionId, interaction",
        "Missing required fields: sessionId, interaction",
    ),
    "missing_interaction_fields": (
        "In interaction fehlen Pflichtfelder: eventType, category",
        "Missing required interaction fields: eventType, category",
    ),
    "missing_batch_fields": (
        "Es fehlen Pflichtfelder: sessionId, interactions (1 bis 500)",
        "Missing required fields: sessionId, interactions (1 to 500)",
    ),
    "too_many_interactions": (
        "Höchstens 500 Ereignisse auf einmal. Teile sie auf.",
        "At most 500 interactions at once. Split them.",
    ),
    "malformed_json": ("Das ist kein gültiges JSON.", "This is not valid JSON."),
    "wrong_type": (
        "Dieses Feld hat den falschen Typ.",
        "This field has the wrong type.",
    ),
    "too_long": ("Dieser Text ist zu lang.", "This text is too long."),
    "too_deep": (
        "Diese Werte sind zu tief verschachtelt (höchstens 4 Ebenen).",
        "These values are nested too deeply (4 levels at most).",
    ),
    "out_of_range": (
        "Diese Zahl liegt außerhalb des erlaubten Bereichs.",
        "This number is out of range.",
    ),
    "control_characters": (
        "Dieser Text enthält Steuerzeichen.",
        "This text contains control characters.",
    ),
    "event_id_not_v7": (
        "eventId muss eine UUID der Version 7 sein.",
        "eventId must be a UUID of version 7.",
    ),
    "time_out_of_range": (
        "Diese Zeit ist zu weit von der Ankunft des Eintrags entfernt.",
        "This time is too far from the arrival of the entry.",
    ),
    "event_id_out_of_range": (
        "Die Zeit in eventId liegt nach dem Jahr 9999.",
        "The time in eventId is later than the year 9999.",
    ),
}


def parse_json(raw: bytes) -> object:
    """Any JSON value. Raises InteractionInvalid `malformed_json`."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise InteractionInvalid("malformed_json") from None


def parse_tracked(raw: bytes) -> object:
    r"""A JSON value, in which a single value that cannot be stored does not spoil the others.

    Half a character (`"\ud83d"`, as JavaScript writes a text that was cut) and a number beyond all
    bounds (`1e400`) are valid JSON, but Python and PostgreSQL cannot hold them. They are returned
    as a list: that is the wrong type for every field, so the field is dropped or its event refused
    as for any wrong type.
    """
    try:
        return parse_json(raw)
    except InteractionInvalid:
        try:
            return _storable(json.loads(raw.decode(), parse_constant=_no_constant))
        except (ValueError, RecursionError):
            raise InteractionInvalid("malformed_json") from None


def _no_constant(_name: str) -> object:
    raise ValueError("NaN and Infinity are not JSON")


def _storable(value: object) -> object:
    match value:
        case str():
            return value if _is_text(value) else []
        case float():
            return value if math.isfinite(value) else []
        case list():
            return [_storable(each) for each in value]
        case dict():
            return {name: _storable(each) for name, each in value.items() if _is_text(name)}
        case _:
            return value


def _is_text(value: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def converted(value: object, kind: type[T]) -> T:
    """The JSON value as this type. Raises InteractionInvalid."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as problem:
        raise explained(problem) from None


def explained(problem: msgspec.ValidationError) -> InteractionInvalid:
    """The same problem, with a code of ours and the place."""
    sentence = str(problem)
    found = _PLACE.search(sentence)
    field = found["place"] if found else None
    if "of length <=" in sentence:
        return InteractionInvalid("too_long", field)
    if "`int` >=" in sentence or "`int` <=" in sentence:
        return InteractionInvalid("out_of_range", field)
    return InteractionInvalid("wrong_type", field)


def clean_name(text: str, field: str) -> str:
    """The unchanged name. Raises InteractionInvalid if it has control characters."""
    if not text.isprintable() and _UNSTORABLE.search(text):
        raise InteractionInvalid("control_characters", field)
    return text


def stripped(text: str | None) -> str | None:
    """Free text without control characters: PostgreSQL stores no NUL."""
    if text is None or is_clean(text):
        return text
    return _UNSTORABLE.sub("", text)


def is_storable(text: str) -> bool:
    """Whether a free text may be kept unchanged; it may have several lines and tabs."""
    return text.isprintable() or not _UNSTORABLE.search(text.translate(_LINES))


def is_clean(*texts: str | None) -> bool:
    """Whether none of these texts can have control characters; faster than searching for them.

    False for any character that is not printable, which includes some harmless ones.
    """
    return "".join(filter(None, texts)).isprintable()


def unreadable(payload: bytes) -> InteractionInvalid:
    """The reason why this JSON cannot be read, with the place if a value is unstorable."""
    try:
        value = json.loads(payload.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        value = None
    place = place_of_unstorable(value)
    return InteractionInvalid("malformed_json" if place is None else "wrong_type", place)


def place_of_unstorable(value: object, place: str = "") -> str | None:
    """The place of a value that PostgreSQL cannot store; None if there is none.

    PostgreSQL cannot store NUL or half a character in a text or a key, or a number beyond all
    bounds.
    """
    match value:
        case str():
            return place if "\x00" in value or not _is_text(value) else None
        case float():
            return None if math.isfinite(value) else place
        case list():
            inner = [(place, each) for each in value]
        case dict():
            if any(place_of_unstorable(name, "key") for name in value):
                return place or "?"
            inner = [(f"{place}.{name}" if place else name, each) for name, each in value.items()]
        case _:
            inner = []
    found = (place_of_unstorable(each, at) for at, each in inner)
    return next((at for at in found if at is not None), None)


def clean_props(props: dict[str, object], field: str) -> dict[str, object]:
    """The free values of an event, bounded and storable. Raises InteractionInvalid.

    At most 2,048 bytes of JSON, four levels, keys of 64 characters; texts lose control characters.
    """
    clean = {_clean_key(key, field): _clean(value, field, 1) for key, value in props.items()}
    if len(msgspec.json.encode(clean)) > PROPS_BYTES_MAX:
        raise InteractionInvalid("too_long", field)
    return clean


def _clean(value: object, field: str, depth: int) -> object:
    if isinstance(value, str):
        return _UNSTORABLE.sub("", value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        if not (abs(value) <= WHOLE_MAX if isinstance(value, int) else math.isfinite(value)):
            raise InteractionInvalid("out_of_range", field)
        return value
    if depth == PROPS_DEPTH_MAX:
        raise InteractionInvalid("too_deep", field)
    if isinstance(value, dict):
        return {
            _clean_key(key, field): _clean(each, field, depth + 1) for key, each in value.items()
        }
    if isinstance(value, list):
        return [_clean(each, field, depth + 1) for each in value]
    raise InteractionInvalid("wrong_type", field)


def _clean_key(key: object, field: str) -> str:
    if not isinstance(key, str):
        raise InteractionInvalid("wrong_type", field)
    if len(key) > PROPS_KEY_MAX:
        raise InteractionInvalid("too_long", field)
    return _UNSTORABLE.sub("", key)
