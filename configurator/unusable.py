"""What of an interaction may be left out, so that one field that is unusable never loses the event.

The original ignored what it did not know and stored what it did not check. So a field that nobody
needs is dropped, and named in the answer, where its value cannot be stored. Fractions of
milliseconds and pixels are rounded; `8.0` is the integer 8, as in JSON Schema.
"""

import math
from collections.abc import Mapping
from typing import Any, cast

import msgspec

ROUNDED = frozenset({"timeSpent", "width", "height"})


def is_absent(value: object) -> bool:
    """What JavaScript's `!value` says of a JSON value: an empty list or object is there."""
    return value is None or value == "" or (isinstance(value, int | float) and value == 0)


def without_unusable(
    value: object, optional: Mapping[str, Any], place: str, dropped: list[str]
) -> object:
    """The same object without the fields of `optional` that do not fit their type there.

    A field whose type is a mapping again is an object that is cleaned in the same way. The names of
    what was left out are added to `dropped`. What is no object is returned as it is.
    """
    if not isinstance(value, dict):
        return value
    kept = dict(value)
    for name, kind in optional.items():
        if kept.get(name) is None:
            continue
        found = _number(kept[name], rounded=name in ROUNDED)
        if isinstance(kind, Mapping):
            fits = isinstance(found, dict)
            found = without_unusable(
                found, cast("Mapping[str, Any]", kind), f"{place}{name}.", dropped
            )
        else:
            fits = _fits(found, kind)
        if fits:
            kept[name] = found
        else:
            del kept[name]
            dropped.append(f"{place}{name}")
    return kept


def _number(value: object, *, rounded: bool) -> object:
    """A whole number as an int; the others as they are, or rounded."""
    if not isinstance(value, float) or not math.isfinite(value):
        return value
    if value.is_integer():
        return int(value)
    return math.floor(value + 0.5) if rounded else value


def _fits(value: object, kind: Any) -> bool:  # noqa: ANN401 - a type, as msgspec takes it
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True
