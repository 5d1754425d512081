"""Puts the screens on a Starlette application."""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from time import monotonic_ns

from nicegui import Client, core, dependencies, ui
from nicegui import app as nicegui_app
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from configurator.protocol.codes import Refused
from realtime.drain import Drain
from realtime.http.edge import is_form, refusal
from realtime.http.sdk import SdkFile
from realtime.transports.engine_bounds import EngineBounds
from storage.errors import StorageUnavailable
from ui.assets import DIRECTORY, Assets
from ui.hardening import PageSockets
from ui.live_pages import LivePages
from ui.open_pages import OpenPages
from ui.page_template import put_first_paint_first
from ui.pages.admin import AdminPage
from ui.pages.analytics import AnalyticsPage
from ui.pages.configurator import ConfiguratorPage
from ui.pages.dashboard import DashboardPage
from ui.pages.developers import DeveloperPages, developer_routes
from ui.pages.first_paint import FirstPaint
from ui.pages.landing import PublicPages, public_routes
from ui.pages.messages import MessagePages
from ui.pages.operations import OperationsPage
from ui.pages.spec import SpecPage, spec_routes
from ui.pages.spelling import in_small_letters
from ui.ports import AdminSource, CatalogueSource, Consent, Legal, Live, Visitors
from ui.security_headers import SecurityHeaders
from ui.templates import Templates
from ui.texts import Texts

MESSAGES_KEPT = 400


def mount_screens(
    app: Starlette,
    *,
    live: Live,
    catalogue_source: CatalogueSource,
    admin_source: AdminSource,
    visitors: Visitors,
    count_dropped: Callable[[], None],
    dev: bool,
    origins: Sequence[str] | None,
    limit_scale: float = 1.0,
    public_origin: str | None = None,
    consent: Consent = "assumed",
    legal: Legal | None = None,
    sdk: Sequence[SdkFile] = (),
    bounds: EngineBounds | None = None,
    clock_ns: Callable[[], int] = monotonic_ns,
    drain: Drain | None = None,
) -> None:
    """Add every screen. Call it last: NiceGUI's mount answers everything that no route before does.

    Args:
        app: All routes and the lifespan of the product are in it already.
        live: Opens configurations for tabs.
        catalogue_source: The catalogue and the figures of the landing page.
        admin_source: Feeds the live view.
        visitors: Who is asking.
        count_dropped: Called for each frame or message that the queue of a page does not take.
        dev: Shows the development drawer.
        origins: Origins allowed to open NiceGUI's socket; None allows only the page's own.
        limit_scale: Multiplies how many pages may be open.
        public_origin: `https://…` for canonical addresses; None takes it from the request.
        consent: Whether visits may be measured before the visitor said so.
        legal: What imprint and privacy notice say; None: nothing was entered.
        sdk: The files of `/sdk/`, listed at `/developers`; the rules among them are the page `/spec`.
        bounds: What the sockets of pages may take; None: as shipped.
        clock_ns: A clock that never goes back.
        drain: Hands the sockets of pages over when the process stops; None: they are cut off.
    """
    texts = Texts()
    assets = Assets()
    templates = Templates(texts, assets, consent)
    messages = MessagePages(templates)
    first = FirstPaint(templates, assets)
    pages = PublicPages(
        templates, texts, catalogue_source, visitors, public_origin, legal or Legal()
    )
    developers = DeveloperPages(templates, texts, public_origin, sdk=sdk)
    app.router.routes.extend([assets.route(), *public_routes(pages), *developer_routes(developers)])
    app.router.routes.extend(spec_routes(SpecPage(templates, sdk)))
    dependencies.register_importmap_override("nest-screens/", f"{assets.base}/js/")
    pages_open = OpenPages(scale=limit_scale)
    live_pages = LivePages(
        [
            ConfiguratorPage(live, visitors, texts, first, messages, dev, consent, count_dropped),
            AdminPage(
                admin_source, catalogue_source, visitors, texts, first, messages, count_dropped
            ),
            AnalyticsPage(catalogue_source, visitors, texts, first, messages),
            OperationsPage(visitors, texts, first, messages),
            DashboardPage(catalogue_source, texts, first),
        ],
        pages=pages_open,
        is_admin=visitors.admin_of,
        wants_page=_wants_page,
        away=messages.later,
    )
    app.router.routes.extend(live_pages.routes)
    _answer_failures(app, messages)
    app.add_middleware(SecurityHeaders, new_nonce=lambda: secrets.token_bytes(16))
    sockets = partial(
        PageSockets,
        origins,
        live=live_pages,
        bounds=bounds or EngineBounds(),
        clock_ns=clock_ns,
        drain=drain or Drain(),
    )
    _guard_sockets_in_lifespan(app, sockets)
    _forget_an_earlier_app()
    put_first_paint_first()
    _answer_head()
    ui.run_with(
        app,  # type: ignore[arg-type]  # works with any Starlette; only annotated as FastAPI
        title="NEST-Haus",
        favicon=Path(DIRECTORY / "icon.svg"),
        dark=None,
        language="de",
        binding_refresh_interval=None,
        message_history_length=MESSAGES_KEPT,
        gzip_middleware_factory=None,
        tailwind=False,
        show_welcome_message=False,
    )
    core.app.config.socket_io_js_transports = ["websocket"]
    if bounds is None or bounds.polling:
        core.app.config.socket_io_js_transports.append("polling")
    Client.instances = pages_open


def _answer_head() -> None:
    """NiceGUI's routes know GET only; the server leaves the body of an answer to HEAD out."""
    for route in core.app.routes:
        methods = getattr(route, "methods", None)
        if methods is not None and "GET" in methods:
            methods.add("HEAD")


def _forget_an_earlier_app() -> None:
    """NiceGUI is one per process; let a later application (in tests) take it over."""
    core.app.middleware_stack = None
    core.app.user_middleware.clear()


def _answer_failures(app: Starlette, messages: MessagePages) -> None:
    """Say not-found and failure in our own words; NiceGUI's pages would show the exception."""

    async def not_found(request: Request, _error: Exception) -> Response:
        if (page := in_small_letters(request)) is not None:
            return page
        return (
            messages.not_found(request)
            if _wants_page(request)
            else refusal(Refused("page_not_found"))
        )

    async def failed(request: Request, _error: Exception) -> Response:
        return messages.our_fault(request) if _wants_page(request) else refusal(Refused("internal"))

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)  # noqa: S101 - it is registered for nothing else
        return messages.refused(request, error)

    async def away(request: Request, _error: Exception) -> Response:
        if is_form(request) or _wants_page(request):
            return messages.later(request)
        return refusal(Refused("unavailable", retry_after_ms=2000))

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(StorageUnavailable, away)
    core.app.add_exception_handler(404, not_found)
    core.app.add_exception_handler(Exception, failed)
    app.exception_handlers.setdefault(404, not_found)
    app.exception_handlers.setdefault(Exception, failed)


def _wants_page(request: Request) -> bool:
    return not request.url.path.startswith(("/api/", "/_nicegui")) and (
        "text/html" in request.headers.get("accept", "")
    )


def _guard_sockets_in_lifespan(app: Starlette, sockets: Callable[[], PageSockets]) -> None:
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def guarded(application: Starlette) -> AsyncIterator[object]:
        async with sockets(), inner(application) as state:
            yield state

    app.router.lifespan_context = guarded  # type: ignore[assignment]
    nicegui_app.storage.max_tab_storage_age = 3600
