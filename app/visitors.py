"""Finds the person or admin that asks for a page, and lets them into houses, for the screens."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from app.chance import new_connection_id
from realtime.actions import Actions
from realtime.admin_sessions import AdminSessions
from realtime.auth import Authenticator
from realtime.cookies import Cookies
from realtime.door import network_in
from realtime.looks import Looks
from realtime.page_views import PageViews
from realtime.principal import Principal
from realtime.readiness import UnlessAway
from realtime.services import Services
from realtime.transports.direct import Pages
from storage.errors import StorageUnavailable
from storage.postgres.configurations import StoredConfiguration
from ui.ports import Browser, History, Visitors

Result = TypeVar("Result")


def pages_of(services: Services, authenticator: Authenticator, unless_away: UnlessAway) -> Pages:
    """Lets tabs into houses; none waits for a PostgreSQL that counts as away."""
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
    """Visitors, known by their cookies. Nobody waits for a PostgreSQL that counts as away."""

    async def latest_code(request: Request) -> str | None:
        """The house the visitor worked on last; the start page also works without knowing it."""
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

    async def history() -> History:
        found = await unless_away(actions.history)
        return History(epoch=str(found.epoch), restored_to=found.restored_to)

    async def looked(request: Request, admin: Principal) -> None:
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
        admin_of=_in_time(unless_away, authenticator.admin),
        looked=looked,
        was_admin=_in_time(unless_away, authenticator.was_admin),
        sessions=sessions,
        history=history,
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
