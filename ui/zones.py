"""The time zones to choose from, under the names of today.

Browsers list some under names of decades ago (Asia/Calcutta, America/Godthab), so the list comes
from the server: the zones of `zone.tab` of the IANA database, one or more for each country.
"""

from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import TZPATH

from configurator.activity.ranges import known_zones

_TABLES: Final = ("zone.tab", "zone1970.tab")
_NAME_COLUMN: Final = 2
_NO_COUNTRY: Final = ("UTC", "Etc/")


@cache
def zones_of_today() -> tuple[str, ...]:
    """The names that analytics accepts, sorted, without older names for the same zones.

    On a machine without the table, all accepted names.
    """
    known = known_zones()
    listed = {name for folder in TZPATH for table in _TABLES for name in _names(folder, table)}
    if not listed:
        return tuple(sorted(known))
    return tuple(sorted(name for name in known if name in listed or name.startswith(_NO_COUNTRY)))


@cache
def name_of_today(zone: str) -> str:
    """The name under which a zone is listed; of an unknown zone its own name.

    Browsers name some zones, their own among them, as they were called decades ago.
    """
    listed = zones_of_today()
    if zone in listed or zone not in known_zones():
        return zone
    continent = zone.partition("/")[0] + "/"
    times = _times(zone)
    near = (name for name in listed if name.startswith(continent))
    return next((name for name in near if times and _times(name) == times), zone)


def _times(zone: str) -> bytes:
    """The file with the times of a zone; b"" if this machine has no such file."""
    for folder in TZPATH:
        try:
            return Path(folder, zone).read_bytes()
        except OSError:
            continue
    return b""


def _names(folder: str, table: str) -> list[str]:
    try:
        lines = Path(folder, table).read_text("utf-8").splitlines()
    except OSError:
        return []
    return [line.split("\t")[_NAME_COLUMN] for line in lines if line and line[0] != "#"]
