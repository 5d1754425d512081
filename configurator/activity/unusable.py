"""Drops unusable optional fields of an interaction: a bad field must not lose the event.

The original ignored unknown fields and stored others unchecked. Here an optional field whose value
cannot be stored is dropped, and named in the answer. Fractions of milliseconds and pixels are
rounded; `8.0` is the integer 8, as in JSON Schema.
"""

import math
from collections.abc import Collection, Mapping
from types import NoneType
from typing import Any, Union, cast, get_args

import msgspec
from msgspec.inspect import StrType, type_info
from msgspec.structs import fields

ROUNDED = frozenset({"timeSpent", "width", "height"})


def is_absent(value: object) -> bool:
    """JavaScript's `!value` for a JSON value: unlike in Python, an empty list is not absent."""
    return value is None or value == "" or (isinstance(value, int | float) and value == 0)


def texts_of(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The names of the optional fields of a struct that are texts."""
    return tuple(
        field.name
        for field in fields(kind)
        if not field.required and isinstance(type_info(_present(field.type)), StrType)
    )


def optional_of(kind: type[msgspec.Struct], *, but: Collection[str] = ()) -> Mapping[str, Any]:
    """The optional fields of a struct by their JSON names, for `without_unusable`."""
    return {
        field.encode_name: _nested(_present(field.type))
        for field in fields(kind)
        if not field.required and field.name not in but
    }


def without_unusable(
    value: object, optional: Mapping[str, Any], place: str, dropped: list[str]
) -> object:
    """The object without those of the `optional` fields that do not have their type.

    A field whose type is a mapping is an object that is cleaned in the same way. The names of
    dropped fields are added to `dropped`. A value that is not an object is returned unchanged.
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


def _present(kind: Any) -> Any:  # noqa: ANN401 - a type, as msgspec takes it
    """`T` of `T | None`."""
    return Union[tuple(each for each in get_args(kind) if each is not NoneType)]  # noqa: UP007 - made at run time


def _nested(kind: Any) -> Any:  # noqa: ANN401 - a type, as msgspec takes it
    """The fields of a struct, all optional; another type unchanged."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return optional_of(kind)
    return kind


def _number(value: object, *, rounded: bool) -> object:
    """A whole number as an int; other values unchanged, or rounded."""
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
