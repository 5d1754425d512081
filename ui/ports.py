"""What the screens need from the rest of the product.

The screens decide nothing: they pass protocol texts to a connection, show the frames that come
back, and ask these ports for everything else. `app/` builds the implementations and hands them to
`ui.app.mount_screens`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from configurator.protocol.codes import Code
from realtime.principal import Principal

Send = Callable[[str], None]
"""Takes one server frame as JSON text. Never blocks, never raises, may be called from any task."""


Consent: TypeAlias = Literal["assumed", "required"]
"""`required`: nothing is measured before the visitor agreed; `assumed`: until they object."""


HangUp = Callable[[Code], None]
"""Ends the page, for the reason that a frame before told it. Never blocks, never raises."""


@dataclass(frozen=True)
class Legal:
    """What imprint and privacy notice say of this installation; `company` () was not entered."""

    company: tuple[str, ...] = ()
    keep_interactions_days: int = 0
    keep_sessions_days: int = 400
    keep_inquiries_days: int | None = None


class PageConnection(Protocol):
    """The in-process end of one browser tab; the same object that serves a socket."""

    async def receive(self, text: str) -> object:
        """Handle one client message (JSON text). Answers arrive through the page's `send`."""
        ...

    def heard(self) -> None:
        """The browser gave a sign of life that is no message."""
        ...


class OpenedPage(Protocol):
    """A tab that was let into a configuration."""

    @property
    def configuration(self) -> str:
        """The id of the configuration; "" for a tab that may not join it any more."""
        ...

    @property
    def connection(self) -> PageConnection:
        """Where the tab's messages go, one at a time and in order."""
        ...

    def start(self) -> None:
        """Send what waits, a welcome first, and from now on everything."""
        ...

    async def close(self) -> None:
        """Leave the room and forget the tab. Safe to call twice."""
        ...


class FirstSight(Protocol):
    """A configuration as it is just now, for the first paint. Nobody became a member for it."""

    @property
    def frames(self) -> Sequence[str]:
        """`welcome` and `snapshot` as JSON texts, in this order."""
        ...

    @property
    def catalogue_json(self) -> str:
        """The catalogue that the configuration was begun with, as `GET /api/catalogue?id=`."""
        ...

    @property
    def fetched_ahead(self) -> bool:
        """The browser asked before anybody wanted to see it."""
        ...


class Live(Protocol):
    """Opens configurations for browser tabs."""

    async def look(
        self,
        *,
        configuration_code: str,
        person_token: str | None,
        asking: Request,
        admin: Principal | None,
    ) -> FirstSight | None:
        """What the first paint shows, or None when the link is wrong or the house is private.

        `asking` is the request for the page, which also says whether they may be measured.
        `admin`: who looks on, with the role `admin`, instead of the person. Raises StorageUnavailable.
        """
        ...

    async def open(
        self,
        *,
        configuration_code: str,
        person_token: str | None,
        send: Send,
        hang_up: HangUp,
        asking: Request,
        admin: Principal | None,
        fetched_ahead: bool,
        returning: bool,
        ended: Callable[[], None],
    ) -> OpenedPage | None:
        """Open a tab for the visitor, or return None when the link is wrong or the house is private.

        The tab is in the house once it has joined. `asking` is the request of its socket.
        `fetched_ahead`: its first message says that somebody sees it after all.
        `returning`: the tab was open before; it is opened also for somebody known who has lost their
        access, and learns that when it joins.
        `ended` is called when the visitor's token or session is over.
        Raises StorageUnavailable.
        """
        ...


class AdminWatch(Protocol):
    """One admin page that is being fed."""

    async def receive(self, text: str) -> None:
        """Take one message of the page (JSON text): pause, follow, history, timeline."""
        ...

    async def close(self) -> None:
        """Stop feeding. Safe to call twice."""
        ...


class AdminSource(Protocol):
    """Feeds admin pages with `activity` and `live` frames."""

    async def first_frames(self) -> Sequence[str]:
        """`live` and the newest events as JSON texts, for the first paint."""
        ...

    async def watch(
        self, send: Send, *, admin: Principal, network: str | None, returning: bool
    ) -> AdminWatch:
        """Begin feeding `send`, with what the page may have missed since its first paint.

        `returning`: it was fed before, and says after which entry to go on.
        `network` is where the page was asked for, for the audit. The watch ends with the session of the admin.
        """
        ...


@dataclass(frozen=True)
class HouseSize:
    """One size on the landing page. `from_cents` is the cheapest house of that size."""

    id: str
    name: str
    detail: dict[str, str]
    from_cents: int


@dataclass(frozen=True)
class Offer:
    """What the landing page promises; every figure comes out of the price function.

    Every house of it has what a new house has beside size and materials (`beside`, a list of words
    in both languages). The picture is that of a new house: `pictured` says what it is,
    `pictured_cents` what it costs.
    """

    sizes: tuple[HouseSize, ...]
    beside: dict[str, str]
    pictured: dict[str, str]
    pictured_cents: int
    low_cents: int
    high_cents: int
    monthly_from_cents: int
    months: int
    rate_percent: float
    preview_url: str


class CatalogueSource(Protocol):
    """The published catalogue as the screens use it."""

    def catalogue_json(self) -> str:
        """Return the body of `GET /api/catalogue`."""
        ...

    def offer(self) -> Offer:
        """Return the figures of the landing page."""
        ...


class OpenSessions(Protocol):
    """The sessions of admins that are open; a session is named by the hash of its token."""

    def hold(self, session_sha256: bytes, ended: Callable[[], None]) -> None:
        """Have `ended` called when this session is over."""
        ...

    def release(self, session_sha256: bytes, ended: Callable[[], None]) -> None:
        """Whatever held on is gone by itself."""
        ...


@dataclass(frozen=True, kw_only=True)
class Browser:
    """Whose browser asks: `person` is the id of the person, empty where it is nobody's.

    `ended`: it shows a token that is nobody's now. `moves`: it has only the cookie of an earlier
    release, which `private.js` exchanges. `unclear`: it shows two that differ.
    """

    person: str = ""
    ended: bool = False
    moves: bool = False
    unclear: bool = False


@dataclass(frozen=True, kw_only=True)
class History:
    """The history of the data. `epoch` names it; `restored_to`: it began with a backup of this moment."""

    epoch: str
    restored_to: datetime | None


@dataclass(frozen=True)
class Visitors:
    """Who is asking. Each function reads only the request's cookies."""

    person_token_of: Callable[[Request], str | None]
    admin_token_of: Callable[[Request], str | None]
    browser_of: Callable[[Request], Awaitable[Browser]]
    """Whose browser this is now; raises StorageUnavailable."""
    forget_person: Callable[[Request, Response], None]
    """Has the browser drop the person's cookie, if it sent one."""
    house_code_of: Callable[[Request], Awaitable[str | None]]
    """The configuration the visitor worked on last, for "continue"; None for a new visitor."""
    admin_of: Callable[[Request], Awaitable[Principal | None]]
    """The admin whose session is open; None for everybody else."""
    looked: Callable[[Request, Principal], Awaitable[None]]
    """Writes into the audit that this admin opens the page; raises StorageUnavailable."""
    was_admin: Callable[[Request], Awaitable[bool]]
    """Whether the visitor still shows the token of an admin session, which may be over."""
    sessions: "OpenSessions"
    history: Callable[[], Awaitable[History]]
    """Raises StorageUnavailable."""
    seen: Callable[[str, Request], None]
    """Counts a visit of a page that begins no session, unless the visitor objects. Never waits."""
