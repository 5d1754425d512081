"""Finds the person or admin who requests a page, and lets them into houses, for the screens."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from realtime.actions.configurations import Actions
from realtime.activity.intake.page_views import PageViews
from realtime.connections.services import Services
from realtime.people.admin_sessions import AdminSessions
from realtime.people.auth import Authenticator
from realtime.people.cookies import Cookies
from realtime.people.looks import Looks
from realtime.people.networks import network_in
from realtime.people.principal import Staff
from realtime.transports.direct import Pages
from storage.errors import StorageUnavailable
from storage.outage import UnlessAway
from storage.postgres.configurations.stored import StoredConfiguration
from ui.ports import Browser, Visitors

Result = TypeVar("Result")


def pages_of(
    services: Services,
    authenticator: Authenticator,
    unless_away: UnlessAway,
    new_connection_id: Callable[[], str],
) -> Pages:
    """Lets tabs into houses, without waiting for a PostgreSQL that counts as away."""
    return Pages(
        services=services,
        authenticator=authenticator,
        new_connection_id=new_connection_id,
        unless_away=unless_away,
    )


def visitors(
    *,
    authenticator: Authenticator,
    actions: Actions,
    cookies: Cookies,
    page_views: PageViews,
    sessions: AdminSessions,
    looks: Looks,
    unless_away: UnlessAway,
) -> Visitors:
    """Visitors, known by their cookies, without waiting for a PostgreSQL that counts as away."""

    async def latest_code(request: Request) -> str | None:
        """The house that the visitor last worked on, or None: the start page works without it."""
        try:
            latest = await unless_away(partial(_latest, authenticator, actions, request))
        except StorageUnavailable:
            return None
        return latest.code if latest else None

    async def browser_of(request: Request) -> Browser:
        if cookies.differing(request):
            return Browser(unclear=True)
        if cookies.former_person(request) is not None:
            return Browser(moves=True)
        person = await unless_away(partial(authenticator.person_now, request))
        shown = cookies.person_token(request) is not None
        return Browser(person=str(person or ""), ended=shown and person is None)

    async def looked(request: Request, admin: Staff) -> None:
        page, network = request.url.path, network_in(request.scope)
        await unless_away(partial(looks.page, admin, page, network))

    def forget_person(request: Request, answer: Response) -> None:
        if cookies.has_person(request) and not cookies.differing(request):
            cookies.forget_person(answer)

    return Visitors(
        person_token_of=cookies.person_token,
        admin_token_of=cookies.admin_token,
        browser_of=browser_of,
        forget_person=forget_person,
        house_code_of=latest_code,
        seen=page_views.seen,
        admin_of=_in_time(unless_away, authenticator.staff),
        looked=looked,
        was_admin=_in_time(unless_away, authenticator.was_admin),
        sessions=sessions,
        history=partial(unless_away, actions.history),
    )


async def _latest(
    authenticator: Authenticator, actions: Actions, request: Request
) -> StoredConfiguration | None:
    principal = await authenticator.of(request)
    return await actions.latest(principal) if principal else None


def _in_time(
    unless_away: UnlessAway, ask: Callable[[Request], Awaitable[Result]]
) -> Callable[[Request], Awaitable[Result]]:
    async def asked(request: Request) -> Result:
        return await unless_away(partial(ask, request))

    return asked
