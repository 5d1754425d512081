"""Tells visitors whose data are missing that the data were restored from a backup."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from configurator.text import Language
from storage.errors import StorageError
from ui.ports import Visitors

SAID_FOR: Final = timedelta(days=30)
"""The message is shown for this long after the restored moment; the time of the restore is not
known."""

_ZONE: Final = ZoneInfo("Europe/Vienna")
_MONTHS: Final[dict[Language, str]] = {
    "de": "Jänner Februar März April Mai Juni Juli August September Oktober November Dezember",
    "en": "January February March April May June July August September October November December",
}


async def put_back_to(visitors: Visitors, language: Language) -> str | None:
    """The moment to which the data were restored lately, in words.

    None if they were not restored, or if PostgreSQL does not answer.
    """
    try:
        moment = (await visitors.history()).restored_to
    except StorageError:
        return None
    if moment is None or datetime.now(UTC) - moment >= SAID_FOR:
        return None
    return in_words(moment, language)


def in_words(moment: datetime, language: Language) -> str:
    """Like "3. November 2026 um 11:00 (Wien)" and "3 November 2026 at 11:00 (Vienna)".

    The same words as `dayAndTime` of shared/format.js: a visitor may read both.
    """
    there = moment.astimezone(_ZONE)
    month = _MONTHS[language].split()[there.month - 1]
    if language == "de":
        return f"{there.day}. {month} {there.year} um {there:%H:%M} (Wien)"
    return f"{there.day} {month} {there.year} at {there:%H:%M} (Vienna)"


async def history(visitors: Visitors, _request: Request) -> Response:
    """`/restored`: whether a backup replaced the data; asked by a page whose house has ended."""
    found = await visitors.history()
    moment = found.restored_to
    return JSONResponse(
        {"epoch": str(found.epoch), "restored_to": moment.isoformat() if moment else None},
        headers={"cache-control": "no-store"},
    )
