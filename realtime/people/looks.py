"""Records in the audit what admins look at: pages, live view, houses, sessions, lists, files.

Pages ask again every few seconds and sockets come back, so each process records the same look of
the same admin once in ten minutes. A look that cannot be recorded, because PostgreSQL is away, is
refused.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from cachetools import TTLCache
from starlette.requests import Request

from realtime.people.principal import Staff
from realtime.sheets.answers import MEDIA_TYPES
from storage.errors import StorageUnavailable
from storage.postgres.service.audit import Actor, Audit

SAME_LOOK_SECONDS: Final = 600.0
"""Seconds within which the same look is not recorded again: enough for a page that polls, and short
enough for the audit to say when an admin looked."""
FORMS: Final = tuple(MEDIA_TYPES)
TOLD_BY_THEMSELVES: Final = ("visits", "sessions")
"""Lists whose files the API records itself, together with their query
(`realtime.api.analytics.endpoints`)."""
REFUSED_MAX: Final = 60
"""The most refused sign-ins that are recorded in an hour: enough to see an attack, too few to fill
a disk."""
LOOKS_MAX: Final = 10_000
"""The number of looks that are remembered; one that is forgotten early is recorded once more."""


class Looks:
    """Records looks. ``clock`` is monotonic, in seconds."""

    def __init__(self, audit: Audit, *, clock: Callable[[], float]) -> None:
        self._audit = audit
        self._clock = clock
        self._written: TTLCache[tuple[str, ...], None, float] = TTLCache(
            LOOKS_MAX, ttl=SAME_LOOK_SECONDS, timer=clock
        )
        self._writing: dict[tuple[str, ...], asyncio.Future[bool]] = {}
        self._refused: deque[float] = deque(maxlen=REFUSED_MAX)
        self._refused_of: TTLCache[str, None, float] = TTLCache(
            REFUSED_MAX, ttl=SAME_LOOK_SECONDS, timer=clock
        )
        self._left_out = 0

    async def page(self, admin: Staff, path: str, network: str | None) -> None:
        """Record that an admin opens a page of `/admin`. Raises StorageUnavailable."""
        await self.write(Actor(admin.called, network), "pages.open", path)

    async def activity(self, admin: Staff, network: str | None) -> None:
        """Record that an admin's program watches all visitors. Raises StorageUnavailable."""
        await self.write(Actor(admin.called, network), "activity.watch", "")

    async def house(self, admin: Staff, code: str, network: str | None) -> None:
        """Record that an admin looks at a house. Raises StorageUnavailable."""
        await self.write(Actor(admin.called, network), "houses.look", code)

    async def session(self, actor: Actor, session: str) -> None:
        """Record that an admin looks at a session, whose id the line hides.

        Raises StorageUnavailable.
        """
        await self.write(actor, "sessions.look", self._audit.hidden(session))

    async def sign_in_refused(self, network: str | None) -> None:
        """Record a refused attempt to sign in as an admin. Raises StorageUnavailable.

        Anybody can cause such a line, so each network gets one in ten minutes and all together
        `REFUSED_MAX` in an hour; the next line says how many were left out.
        """
        now, nobody = self._clock(), Actor("nobody", network)
        often = len(self._refused) == REFUSED_MAX and now - self._refused[0] < 3600
        if often or (network or "") in self._refused_of:
            self._left_out += 1
            return
        self._refused.append(now)
        self._refused_of[network or ""] = None
        detail = {"left_out": self._left_out} if self._left_out else {}
        self._left_out = 0
        await self._audit.record(
            actor=nobody, action="sessions.begin", subject="", result="refused", detail=detail
        )

    async def asked(self, actor: Actor, look: str, request: Request) -> None:
        """Record that an admin asks an endpoint, except for figures ("").

        Raises StorageUnavailable.
        """
        path = request.path_params
        kind = look.partition(".")[0] or "figures"
        if request.query_params.get("format") in FORMS and kind not in TOLD_BY_THEMSELVES:
            await self._audit.record(
                actor=actor,
                action=f"{kind}.download",
                subject=request.scope["path"].rpartition("/")[2],
                detail={"format": request.query_params["format"]},
            )
        elif look == "sessions.look":
            await self.session(actor, path["id"].lower())
        elif "." in look:
            await self.write(actor, look, next(iter(path.values()), ""))

    async def write(
        self, actor: Actor, action: str, subject: str, detail: Mapping[str, object] | None = None
    ) -> None:
        """Record a line, unless the same was recorded lately. Raises StorageUnavailable.

        Several same looks at the same moment wait for one line.
        """
        look = (actor.name, actor.network or "", action, subject, repr(detail))
        if look in self._written:
            return
        if (writing := self._writing.get(look)) is not None:
            if not await asyncio.shield(writing):
                raise StorageUnavailable("the same look could not be written into the audit")
            return
        self._writing[look] = writing = asyncio.get_running_loop().create_future()
        stored = False
        try:
            await self._audit.record(actor=actor, action=action, subject=subject, detail=detail)
            stored = True
            self._written[look] = None
        finally:
            del self._writing[look]
            writing.set_result(stored)
