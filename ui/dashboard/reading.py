"""The HTTP API of shared dashboards, called in this process."""

from datetime import datetime

import msgspec
from starlette.requests import Request

from ui.ports import SharedApi
from ui.staff.api import patiently


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a link: the JSON answer of each figure by its name."""

    name: str
    expires_at: datetime
    figures: dict[str, msgspec.Raw]


class LinkReader:
    """Reads links for one open page."""

    def __init__(self, api: SharedApi, page: Request) -> None:
        self._api = api
        self._page = page

    async def read(self, token: str) -> Shared:
        """The content of the link with this token. Raises Refused."""
        body = await patiently(lambda: self._api.answer(self._page, token))
        return msgspec.json.decode(body, type=Shared)
