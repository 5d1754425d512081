"""The requested form of an admin's list that has no range, and so no time zone of its own."""

from datetime import datetime

from starlette.requests import Request

from realtime.activity.figures.query import range_of
from realtime.sheets.answers import SheetForm, sheet_form_of


def wanted_in(request: Request, now: datetime) -> SheetForm | None:
    """The form from `format`, `lang` and `tz`; None for JSON. Raises Refused ``query_unusable``."""
    asked = dict(request.query_params)
    zone = range_of({"tz": asked["tz"]} if "tz" in asked else {}, now).zone
    return sheet_form_of(asked, zone)
