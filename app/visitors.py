"""Finds the person or admin that asks for a page, for the screens."""

from starlette.requests import Request
from starlette.responses import Response

from realtime.actions import Actions
from realtime.admin_sessions import AdminSessions
from realtime.auth import Authenticator
from realtime.cookies import Cookies
from realtime.door import network_in
from realtime.looks import Looks
from realtime.page_views import PageViews
from realtime.principal import Principal
from storage.errors import StorageUnavailable
from ui.ports import Browser, Visitors


def visitors(
    *,
    authenticator: Authenticator,
    actions: Actions,
    cookies: Cookies,
    page_views: PageViews,
    sessions: AdminSessions,
    looks: Looks,
) -> Visitors:
    """Visitors, known by their cookies."""

    async def latest_code(request: Request) -> str | None:
        """The house the visitor worked on last; the start page also works without knowing it."""
        try:
            principal = await authenticator.of(request)
            latest = await actions.latest(principal) if principal else None
        except StorageUnavailable:
            return None
        return latest.code if latest else None

    async def browser_of(request: Request) -> Browser:
        if cookies.differing(request):
            return Browser(unclear=True)
        if cookies.former_person(request) is not None:
            return Browser(moves=True)
        person = await authenticator.person_now(request)
        shown = cookies.person_token(request) is not None
        return Browser(person=str(person or ""), ended=shown and person is None)

    async def looked(request: Request, admin: Principal) -> None:
        await looks.page(admin, request.url.path, network_in(request.scope))

    def forget_person(request: Request, answer: Response) -> None:
        if cookies.has_person(request) and not cookies.differing(request):
            cookies.forget_person(answer)

    return Visitors(
        person_token_of=cookies.person_token,
        browser_of=browser_of,
        forget_person=forget_person,
        house_code_of=latest_code,
        seen=page_views.seen,
        admin_of=authenticator.admin,
        looked=looked,
        was_admin=authenticator.was_admin,
        sessions=sessions,
    )
