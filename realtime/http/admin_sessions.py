"""Admin sessions: signing in and out, which ones are open, and how to end them."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from configurator.protocol.codes import Refused
from configurator.visitor import printable
from realtime.auth import ADMIN_SESSION_TTL, admin_hashes
from realtime.cookies import Cookies
from realtime.http.edge import body, json
from realtime.http.endpoints import Endpoint, actor, network
from realtime.looks import Looks
from realtime.principal import token_sha256
from storage.postgres.admins import ID_CHARACTERS, Admins, AdminSession, NewSession, called
from storage.postgres.audit import Actor, Audit


class LoginRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a login link after the #."""

    token: Annotated[str, msgspec.Meta(min_length=16, max_length=128)]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """It is done."""

    done: bool = True


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """An open session. `id` is what the audit calls it; `current`: it is the one that asks.

    `ends_at` is when it ends unless it is used before. A session of a browser has an idle limit
    (`idle_minutes`), the network it was begun from and what the browser said it is; one of a
    program has none of them.
    """

    id: str
    name: str | None
    current: bool
    created_at: datetime
    last_used_at: datetime
    ends_at: datetime
    idle_minutes: int | None
    network: str | None
    user_agent: str | None


class SessionsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Every open session, the one that was used last first."""

    sessions: list[SessionRow]


class EndRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The session to end, as the list calls it."""

    id: Annotated[str, msgspec.Meta(pattern=f"^[0-9a-f]{{{ID_CHARACTERS}}}$")]


class EndedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How many sessions were ended."""

    ended: int


class AdminSessionEndpoints:
    """The handlers; ``tell_ended`` ends on every process what hangs on the sessions."""

    def __init__(
        self,
        *,
        admins: Admins,
        audit: Audit,
        looks: Looks,
        tell_ended: Callable[[list[bytes]], None],
        idle_minutes: int,
        now: Callable[[], datetime],
        cookies: Cookies,
    ) -> None:
        self._admins = admins
        self._audit = audit
        self._looks = looks
        self._tell_ended = tell_ended
        self._idle_minutes = idle_minutes
        self._now = now
        self._cookies = cookies

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of this module."""
        return [
            Endpoint(
                method="POST",
                path="/api/admin/login",
                handler=self.login,
                summary="Log in as an admin with a one-time link: sets the cookie of a browser, "
                "and ends the session that it had before. Programs use a token of "
                "`nest admin-link --token`.",
                body=LoginRequest,
                answer=Done,
                headers={200: ["Set-Cookie"]},
                codes=["login_unusable"],
                tags=["admin"],
                limit="sign_in",
            ),
            Endpoint(
                method="POST",
                path="/api/admin/logout",
                handler=self.logout,
                summary="End the admin session of the bearer token or cookie: its pages and "
                "sockets end within a second, on every process.",
                answer=Done,
                headers={200: ["Set-Cookie"]},
                tags=["admin"],
            ),
            Endpoint(
                method="GET",
                path="/api/admin/sessions",
                handler=self.listed,
                summary="The admin sessions that are open.",
                answer=SessionsAnswer,
                tags=["admin"],
                admins=True,
            ),
            Endpoint(
                method="POST",
                path="/api/admin/sessions/end",
                handler=self.end,
                summary="End an admin session: its pages and sockets end within a second, on "
                "every process.",
                body=EndRequest,
                answer=EndedAnswer,
                codes=["page_not_found"],
                tags=["admin"],
                away="not_saved",
                admins=True,
            ),
            Endpoint(
                method="POST",
                path="/api/admin/sessions/end-others",
                handler=self.end_others,
                summary="End every admin session but the one that asks.",
                answer=EndedAnswer,
                tags=["admin"],
                away="not_saved",
                admins=True,
            ),
        ]

    async def login(self, request: Request) -> Response:
        """``POST /api/admin/login``.

        The session is a new one whatever cookie came along: a cookie that somebody planted, or the
        session before, is worth nothing from now on.
        """
        asked = await body(request, LoginRequest)
        token = secrets.token_urlsafe(32)
        now = self._now()
        opened = await self._admins.use_link(
            token_sha256(asked.token),
            NewSession(
                token_sha256=token_sha256(token),
                expires_at=now + ADMIN_SESSION_TTL,
                idle_minutes=self._idle_minutes,
                network=network(request),
                user_agent=printable(request.headers.get("user-agent")),
            ),
            now,
            audit=self._audit,
        )
        if not opened:
            await self._looks.sign_in_refused(network(request))
            raise Refused("login_unusable")
        await self._end_shown(request)
        answer = json(Done())
        seconds = int(ADMIN_SESSION_TTL.total_seconds())
        self._cookies.remember_admin(answer, token, seconds=seconds)
        return answer

    async def logout(self, request: Request) -> Response:
        """``POST /api/admin/logout``."""
        await self._end_shown(request)
        answer = json(Done())
        self._cookies.forget_admin(answer)
        return answer

    async def _end_shown(self, request: Request) -> None:
        """End the sessions whose tokens the request carries."""
        names = await self._admins.names_of_valid(admin_hashes(request, self._cookies), self._now())
        for session, name in names.items():
            await self._end([session], Actor(called(session, name), network(request)))

    async def listed(self, request: Request) -> Response:
        """``GET /api/admin/sessions``."""
        mine = set(admin_hashes(request, self._cookies))
        found = await self._admins.listed(self._now())
        return json(SessionsAnswer(sessions=[_row(each, mine) for each in found]))

    async def end(self, request: Request) -> Response:
        """``POST /api/admin/sessions/end``."""
        wanted = (await body(request, EndRequest)).id
        found = await self._admins.listed(self._now())
        sessions = [each.token_sha256 for each in found if each.id == wanted]
        if not sessions:
            raise Refused("page_not_found")
        return json(EndedAnswer(ended=await self._end(sessions, actor(request))))

    async def end_others(self, request: Request) -> Response:
        """``POST /api/admin/sessions/end-others``."""
        mine = set(admin_hashes(request, self._cookies))
        found = await self._admins.listed(self._now())
        sessions = [each.token_sha256 for each in found if each.token_sha256 not in mine]
        return json(EndedAnswer(ended=await self._end(sessions, actor(request))))

    async def _end(self, sessions: list[bytes], by: Actor) -> int:
        ended = await self._admins.revoke(sessions, self._now(), by=self._audit.by(by))
        self._tell_ended(sessions)
        return len(ended)


def _row(session: AdminSession, mine: set[bytes]) -> SessionRow:
    return SessionRow(
        id=session.id,
        name=session.name,
        current=session.token_sha256 in mine,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        ends_at=session.ends_at,
        idle_minutes=session.idle_minutes,
        network=session.network,
        user_agent=session.user_agent,
    )
