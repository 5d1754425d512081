"""A setting is a field that declares its own variable, reader, default and reason.

`setting` is used like `dataclasses.field`: the type of the field is that of its reader and its
default, and mypy checks it. `rows` are the settings of a class, for people and for the parser.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TypeVar

from app.settings.database_url import driver_url

T = TypeVar("T")
D = TypeVar("D")

Reader = Callable[[str, Mapping[str, str]], object]
"""Reads the text of a variable; also gets the whole environment."""

_ROW = "row"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One row of the table: environment variable, unit, default as text, reason."""

    name: str
    unit: str
    default: str
    reason: str
    read: Reader


def setting(
    name: str,
    read: Callable[[str], T],
    default: D,
    *,
    unit: str,
    reason: str,
    shown: str | None = None,
    secret: bool = False,
) -> T | D:
    """A field that is read from the variable `name`.

    `shown` is the default in readable form, if its value is not. A value that is `secret`, or that
    can contain a password, is left out of the repr.
    """
    row = Setting(
        name=name,
        unit=unit,
        default=_shown(default) if shown is None else shown,
        reason=reason,
        read=lambda value, _environ: read(value),
    )
    return field(default=default, repr=not secret, metadata={_ROW: row})


def database(name: str, *, shown: str, reason: str) -> str:
    """A field with the address of a database; libpq's environment variables count, too."""
    row = Setting(name=name, unit="URL", default=shown, reason=reason, read=driver_url)
    return field(default="", repr=False, metadata={_ROW: row})


def rows(settings: type) -> dict[str, Setting]:
    """The settings of a class by the names of its fields, in their order."""
    return {each.name: each.metadata[_ROW] for each in fields(settings)}


def _shown(default: object) -> str:
    match default:
        case bool():
            return str(int(default))
        case float():
            return f"{default:g}"
        case None | "" | ():
            return "(none)"
        case _:
            return str(default)
