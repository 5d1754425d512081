"""What admins look at, in the audit: pages, the live view, houses, single sessions, lists, files.

Pages ask again every few seconds and sockets come back, so the same look of the same admin is one
line in ten minutes of each process. A look that cannot be written down, because PostgreSQL is away,
is refused.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from math import inf
from typing import Final

from starlette.requests import Request

from realtime.principal import Principal
from realtime.sheets.answers import MEDIA_TYPES
from storage.errors import StorageUnavailable
from storage.postgres.audit import Actor, Audit

SAME_LOOK_SECONDS: Final = 600.0
"""For so long the same look is not written again: long enough for a page that polls, short enough
that the audit says when somebody looked."""
FORMS: Final = tuple(MEDIA_TYPES)
TOLD_BY_THEMSELVES: Final = ("visits", "sessions")
"""Files of visits are written down with what was asked of them (`http.analytics.endpoints`)."""
REFUSED_MAX: Final = 60
"""Refused sign-ins that are written in an hour: enough to see an attack, too few to fill a disk."""
LOOKS_MAX: Final = 10_000
"""Looks that are remembered; whatever is forgotten before its time is written once more."""


class Looks:
    """Writes looks down. ``clock`` is monotonic, in seconds."""

    def __init__(self, audit: Audit, *, clock: Callable[[], float]) -> None:
        self._audit = audit
        self._clock = clock
        self._written: OrderedDict[tuple[str, ...], float] = OrderedDict()
        self._writing: dict[tuple[str, ...], asyncio.Future[bool]] = {}
        self._refused: deque[float] = deque(maxlen=REFUSED_MAX)
        self._refused_of: OrderedDict[str, float] = OrderedDict()
        self._left_out = 0

    async def page(self, admin: Principal, path: str, network: str | None) -> None:
        """An admin opens a page of `/admin`. Raises StorageUnavailable."""
        await self.write(Actor(admin.called, network), "pages.open", path)

    async def activity(self, admin: Principal, network: str | None) -> None:
        """An admin's program watches what all visitors do. Raises StorageUnavailable."""
        await self.write(Actor(admin.called, network), "activity.watch", "")

    async def house(self, admin: Principal, code: str, network: str | None) -> None:
        """An admin looks at a house. Raises StorageUnavailable."""
        await self.write(Actor(admin.called, network), "houses.look", code)

    async def session(self, actor: Actor, session: str) -> None:
        """An admin looks at a single session; the line hides which. Raises StorageUnavailable."""
        await self.write(actor, "sessions.look", self._audit.hidden(session))

    async def sign_in_refused(self, network: str | None) -> None:
        """Somebody tried to sign in as an admin and was refused. Raises StorageUnavailable.

        Anybody can do that, so of each network it is a line in ten minutes, and of all together
        `REFUSED_MAX` in an hour; the next line says how many were left out.
        """
        now, nobody = self._clock(), Actor("nobody", network)
        often = len(self._refused) == REFUSED_MAX and now - self._refused[0] < 3600
        again = now - self._refused_of.get(network or "", -inf) < SAME_LOOK_SECONDS
        if often or again:
            self._left_out += 1
            return
        self._refused.append(now)
        self._refused_of[network or ""] = now
        if len(self._refused_of) > REFUSED_MAX:
            self._refused_of.popitem(last=False)
        detail = {"left_out": self._left_out} if self._left_out else {}
        self._left_out = 0
        await self._audit.record(
            actor=nobody, action="sessions.begin", subject="", result="refused", detail=detail
        )

    async def asked(self, actor: Actor, look: str, request: Request) -> None:
        """An admin asks for what an endpoint offers; "": for figures. Raises StorageUnavailable."""
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
        """Writes a line, unless the same was written lately. Raises StorageUnavailable.

        The same looks at the same moment wait for one line.
        """
        look = (actor.name, actor.network or "", action, subject, repr(detail))
        before = self._written.get(look)
        if before is not None and self._clock() - before < SAME_LOOK_SECONDS:
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
            self._remember(look)
        finally:
            del self._writing[look]
            writing.set_result(stored)

    def _remember(self, look: tuple[str, ...]) -> None:
        self._written[look] = self._clock()
        self._written.move_to_end(look)
        if len(self._written) > LOOKS_MAX:
            self._written.popitem(last=False)
