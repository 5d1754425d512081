"""The time zones to choose from, under the names of today.

Browsers list some under names of decades ago (Asia/Calcutta, America/Godthab), so the server says
which there are: those of `zone.tab` of the IANA database, one or more for each country.
"""

from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import TZPATH

from configurator.ranges import known_zones

_TABLES: Final = ("zone.tab", "zone1970.tab")
_NAME_COLUMN: Final = 2
_NO_COUNTRY: Final = ("UTC", "Etc/")


@cache
def zones_of_today() -> tuple[str, ...]:
    """Names that analytics accepts, sorted; every older name is another one of one of these.

    Of a machine without the table all that are accepted.
    """
    known = known_zones()
    listed = {name for folder in TZPATH for table in _TABLES for name in _names(folder, table)}
    if not listed:
        return tuple(sorted(known))
    return tuple(sorted(name for name in known if name in listed or name.startswith(_NO_COUNTRY)))


def _names(folder: str, table: str) -> list[str]:
    try:
        lines = Path(folder, table).read_text("utf-8").splitlines()
    except OSError:
        return []
    return [line.split("\t")[_NAME_COLUMN] for line in lines if line and line[0] != "#"]
