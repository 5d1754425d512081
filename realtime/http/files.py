"""In which form a list of an admin was asked for, where it has no range that names a zone."""

from datetime import datetime

from starlette.requests import Request

from realtime.http.analytics.query import range_of
from realtime.sheets.answers import Wanted, wanted_of


def wanted_in(request: Request, now: datetime) -> Wanted | None:
    """The form of `format`, `lang` and `tz`; None is JSON. Raises Refused ``query_unusable``."""
    asked = dict(request.query_params)
    zone = range_of({"tz": asked["tz"]} if "tz" in asked else {}, now).zone
    return wanted_of(asked, zone)
