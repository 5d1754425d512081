"""Puts the screens on a Starlette application."""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic_ns

from nicegui import Client, core, dependencies, ui
from nicegui import app as nicegui_app
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from configurator.protocol.codes import Refused
from realtime.api.declared.sdk import SdkFile
from realtime.connections.drain import Drain
from realtime.edge.exchange import accepts_html, is_form, refusal
from realtime.transports.engineio.bounds import EngineBounds
from storage.errors import StorageUnavailable
from ui.assets import DIRECTORY, Assets
from ui.dashboard.page import DashboardPage
from ui.live.open_pages import OpenPages
from ui.live.pages import LivePages
from ui.live.socket import PageSockets
from ui.live.template import put_first_paint_first
from ui.pages.admin import AdminPage
from ui.pages.configurator import ConfiguratorPage
from ui.pages.first_paint import FirstPaint
from ui.ports import (
    AdminApi,
    AdminSource,
    CatalogueSource,
    ConsentMode,
    Legal,
    Live,
    SharedApi,
    Visitors,
)
from ui.public.developers import DeveloperPages, developer_routes
from ui.public.landing import PublicPages, public_routes
from ui.public.messages import MessagePages
from ui.public.spec import SpecPage, spec_routes
from ui.public.spelling import PageNames
from ui.security_headers import SecurityHeaders
from ui.staff.analytics.page import analytics_page
from ui.staff.page import StaffParts
from ui.staff.service.page import former_routes, service_page
from ui.templates import Templates
from ui.texts import Texts

MESSAGES_KEPT = 400


def mount_screens(
    app: Starlette,
    *,
    live: Live,
    catalogue_source: CatalogueSource,
    admin_source: AdminSource,
    admin_api: AdminApi,
    shared_api: SharedApi,
    now: Callable[[], datetime],
    visitors: Visitors,
    count_dropped: Callable[[], None],
    dev: bool,
    origins: Sequence[str] | None,
    limit_scale: float = 1.0,
    public_origin: str | None = None,
    consent: ConsentMode = "assumed",
    legal: Legal | None = None,
    sdk: Sequence[SdkFile] = (),
    bounds: EngineBounds | None = None,
    clock_ns: Callable[[], int] = monotonic_ns,
    drain: Drain | None = None,
) -> None:
    """Add every screen. Call it last: NiceGUI's mount answers all addresses without a route.

    Args:
        app: All routes and the lifespan of the product are in it already.
        live: Opens configurations for tabs.
        catalogue_source: The catalogue and the figures of the landing page.
        admin_source: Feeds the live view.
        admin_api: The HTTP API for pages of staff.
        shared_api: The HTTP API for shared dashboards.
        now: The time of day.
        visitors: Finds out who is asking.
        count_dropped: Called for each frame or message that the queue of a page does not take.
        dev: Shows the development drawer.
        origins: Origins allowed to open NiceGUI's socket; None allows only the page's own.
        limit_scale: Multiplies the number of pages that may be open.
        public_origin: `https://…` for canonical addresses; None takes it from the request.
        consent: Whether visits may be measured before the visitor agreed.
        legal: The operator's texts for imprint and privacy notice; None if none were entered.
        sdk: The files of `/sdk/`, listed at `/developers`; the rules among them are the page `/spec`.
        bounds: The bounds of the sockets of pages; None for the defaults.
        clock_ns: A monotonic clock, in nanoseconds.
        drain: Hands over the sockets of pages when the process stops; None cuts them off.
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
    staff = StaffParts(
        visitors=visitors, texts=texts, first=first, messages=messages, api=admin_api, now=now
    )
    live_pages = LivePages(
        [
            ConfiguratorPage(live, visitors, texts, first, messages, dev, consent, count_dropped),
            AdminPage(
                admin_source, catalogue_source, visitors, texts, first, messages, count_dropped
            ),
            analytics_page(staff, catalogue_source),
            service_page(staff),
            DashboardPage(
                api=shared_api, catalogue=catalogue_source, texts=texts, first=first, now=now
            ),
        ],
        pages=pages_open,
        is_admin=visitors.admin_of,
        wants_page=_wants_page,
        away=messages.later,
    )
    app.router.routes.extend([*live_pages.routes, *former_routes()])
    _answer_failures(app, messages, PageNames(app.router.routes))
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
    _run_nicegui(app, polling=bounds is None or bounds.polling)
    Client.instances = pages_open


def _run_nicegui(app: Starlette, *, polling: bool) -> None:
    """Mount NiceGUI as the last route. `polling`: its sockets may begin with long polling."""
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
    if polling:
        core.app.config.socket_io_js_transports.append("polling")


def _answer_head() -> None:
    """Answer HEAD, too: NiceGUI's routes know GET only. The server omits the body."""
    for route in core.app.routes:
        methods = getattr(route, "methods", None)
        if methods is not None and "GET" in methods:
            methods.add("HEAD")


def _forget_an_earlier_app() -> None:
    """NiceGUI is one per process; let a later application (in tests) take it over."""
    core.app.middleware_stack = None
    core.app.user_middleware.clear()


def _answer_failures(app: Starlette, messages: MessagePages, names: PageNames) -> None:
    """Answer not-found and failures with our own pages; NiceGUI's would show the exception."""

    async def not_found(request: Request, _error: Exception) -> Response:
        if (page := names.in_small_letters(request)) is not None:
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
    return not request.url.path.startswith(("/api/", "/_nicegui")) and accepts_html(request)


def _guard_sockets_in_lifespan(app: Starlette, sockets: Callable[[], PageSockets]) -> None:
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def guarded(application: Starlette) -> AsyncIterator[object]:
        async with sockets(), inner(application) as state:
            yield state

    app.router.lifespan_context = guarded  # type: ignore[assignment]  # its state goes through
    nicegui_app.storage.max_tab_storage_age = 3600
