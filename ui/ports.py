"""The ports of the screens: the types of everything that they use of the rest of the product.

The screens make no decisions: they pass protocol texts to a connection, show the frames that come
back, and ask these ports for everything else. `app/` builds the implementations and passes them to
`ui.app.mount_screens`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from realtime.delivery.page import HangUp, SendText
from realtime.people.principal import Staff
from storage.postgres.deployment import History

ConsentMode: TypeAlias = Literal["assumed", "required"]
"""`required`: nothing is measured before the visitor agrees; `assumed`: until they object."""


@dataclass(frozen=True)
class Legal:
    """The operator's texts for imprint and privacy notice; an empty `company` was not entered."""

    company: tuple[str, ...] = ()
    keep_interactions_days: int = 0
    keep_sessions_days: int = 400
    keep_inquiries_days: int | None = None


class PageConnection(Protocol):
    """The in-process end of one browser tab; sockets have the same object behind them."""

    async def receive(self, text: str) -> object:
        """Handle one client message (JSON text). Answers arrive through the page's `send`."""
        ...

    def heard(self) -> None:
        """Note a sign of life of the browser that is not a message."""
        ...


class OpenedPage(Protocol):
    """A tab that was let into a configuration."""

    @property
    def configuration(self) -> str:
        """The id of the configuration; "" for a tab that may not join it any more."""
        ...

    @property
    def connection(self) -> PageConnection:
        """The connection that takes the tab's messages, one at a time and in order."""
        ...

    def start(self) -> None:
        """Send the waiting frames, the welcome first, and from now on every frame."""
        ...

    async def close(self) -> None:
        """Leave the room and forget the tab. Safe to call twice."""
        ...


class FirstSight(Protocol):
    """A configuration as it is now, for the first paint.

    Nobody becomes a member of its room for it.
    """

    @property
    def frames(self) -> Sequence[str]:
        """`welcome` and `snapshot` as JSON texts, in this order."""
        ...

    @property
    def catalogue_json(self) -> str:
        """The catalogue of the configuration, in the form of `GET /api/catalogue?id=`."""
        ...

    @property
    def fetched_ahead(self) -> bool:
        """Whether the browser asked before the visitor opened the page."""
        ...


class Live(Protocol):
    """Opens configurations for browser tabs."""

    async def look(
        self,
        *,
        configuration_code: str,
        person_token: str | None,
        asking: Request,
        admin: Staff | None,
    ) -> FirstSight | None:
        """The content of the first paint; None if there is no such house, or it is private.

        `asking` is the request for the page, which also says whether the visitor may be measured.
        `admin` looks at the house in place of the person, with the role `admin`. Raises
        StorageUnavailable.
        """
        ...

    async def open(
        self,
        *,
        configuration_code: str,
        person_token: str | None,
        send: SendText,
        hang_up: HangUp,
        asking: Request,
        admin: Staff | None,
        fetched_ahead: bool,
        returning: bool,
        ended: Callable[[], None],
    ) -> OpenedPage | None:
        """Open a tab for the visitor; None if there is no such house, or it is private.

        The tab is in the house once it has joined. `asking` is the request of its socket. With
        `fetched_ahead` the tab counts as a visit only from its first message on. `returning` says
        that the tab was open before: then it is opened even for a known person who has lost their
        access, and learns that when it joins. `ended` is called when the visitor's token or session
        ends. Raises StorageUnavailable.
        """
        ...


class AdminWatch(Protocol):
    """The watch of one admin's page."""

    async def receive(self, text: str) -> None:
        """Take one message of the page (JSON text): pause, follow, history, timeline."""
        ...

    async def close(self) -> None:
        """Stop to feed. Safe to call twice."""
        ...


class AdminSource(Protocol):
    """Feeds admin pages with `activity` and `live` frames."""

    async def first_frames(self) -> Sequence[str]:
        """`live` and the newest events as JSON texts, for the first paint."""
        ...

    async def watch(
        self, send: SendText, *, admin: Staff, network: str | None, returning: bool
    ) -> AdminWatch:
        """Begin to feed `send`, first with what the page may have missed since its first paint.

        A `returning` page was fed before, and names the entry to go on after. `network` is the
        network of the request, for the audit. The watch ends with the session of the admin.
        """
        ...


@dataclass(frozen=True)
class HouseSize:
    """One size on the landing page.

    `from_cents` is the price of the cheapest house of that size.
    """

    id: str
    name: str
    detail: dict[str, str]
    from_cents: int


@dataclass(frozen=True)
class Offer:
    """The content of the landing page; all prices come from the price function.

    Beside size and materials, every house in it has the options of a new house (`beside`, a list of
    words in both languages). The picture shows a new house, which `pictured` describes and which
    costs `pictured_cents`.
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
    """The open sessions of admins; a session is named by the hash of its token."""

    def hold(self, session_sha256: bytes, ended: Callable[[], None]) -> None:
        """Have `ended` called when this session ends."""
        ...

    def release(self, session_sha256: bytes, ended: Callable[[], None]) -> None:
        """Release this holder, which has ended by itself."""
        ...


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A request for `/api/admin/{place}`.

    `attended` says that a person, and not the page, made it.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    place: str
    query: Mapping[str, str]
    body: bytes | None
    attended: bool


class AdminApi(Protocol):
    """The HTTP API of admins in this process."""

    async def answer(self, page: Request, call: ApiCall) -> Response:
        """The answer of the API to the browser of this page, with all checks.

        The session in `page`'s cookies is looked up now, the audit records the look, and limits
        count. A refusal is an answer, too.
        """
        ...


class SharedApi(Protocol):
    """The HTTP API of shared dashboards, called in this process."""

    async def answer(self, page: Request, token: str) -> Response:
        """The answer to `GET /api/analytics/shared` with this token, for the network of the page.

        The link is looked up now and the limits count; a token that belongs to no link is a wrong guess.
        No cookie counts. Refusals are answers, too.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Browser:
    """The browser that asks: `person` is the id of its person, empty if it is nobody's.

    `ended` says that its token has ended; `moves` that it has only the cookie of an earlier
    release, which `private_house.js` exchanges; `unclear` that it sent two different tokens.
    """

    person: str = ""
    ended: bool = False
    moves: bool = False
    unclear: bool = False


@dataclass(frozen=True)
class Visitors:
    """Finds out who is asking. Each function reads only the request's cookies."""

    person_token_of: Callable[[Request], str | None]
    admin_token_of: Callable[[Request], str | None]
    browser_of: Callable[[Request], Awaitable[Browser]]
    """The person of this browser, read now. Raises StorageUnavailable."""
    forget_person: Callable[[Request, Response], None]
    """Has the browser drop the person's cookie, if it sent one."""
    house_code_of: Callable[[Request], Awaitable[str | None]]
    """The configuration that the visitor worked on last, for "continue"; None for a new visitor."""
    admin_of: Callable[[Request], Awaitable[Staff | None]]
    """The admin whose session is open; None for all other visitors."""
    looked: Callable[[Request, Staff], Awaitable[None]]
    """Record in the audit that this admin opens the page. Raises StorageUnavailable."""
    was_admin: Callable[[Request], Awaitable[bool]]
    """Whether the request has the token of an admin session, open or ended."""
    sessions: "OpenSessions"
    history: Callable[[], Awaitable[History]]
    """The history of the data. Raises StorageUnavailable."""
    seen: Callable[[str, Request], None]
    """Count a view of a page that begins no session, unless the visitor objects. Never waits."""
