"""Admin sessions: sign in, sign out, list the open ones and end them."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import msgspec
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from configurator.activity.visitor import printable
from configurator.people.roles import Permission
from configurator.protocol.codes import Refused
from realtime.api.declared.endpoints import actor, network
from realtime.api.declared.marks import get, post
from realtime.edge.exchange import body, json
from realtime.people.auth import ADMIN_SESSION_TTL, admin_hashes
from realtime.people.cookies import Cookies
from realtime.people.looks import Looks
from realtime.people.principal import token_sha256
from storage.postgres.people.admins import ID_CHARACTERS, Admins, AdminSession, NewSession, called
from storage.postgres.service.audit import Actor, Audit


class LoginRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a login link after the #."""

    token: Annotated[str, msgspec.Meta(min_length=16, max_length=128)]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """The request was carried out."""

    done: bool = True


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """An open session. `id` is its name in the audit; `current` marks the session that asks.

    `ends_at` is the time at which the session ends unless it is used before. Only sessions of
    browsers have an idle limit (`idle_minutes`), the network where they began and the browser's
    `user_agent`; for programs these are null.
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
    """All open sessions, the most recently used first."""

    sessions: list[SessionRow]


class EndRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The session to end, by its `id` in the list."""

    id: Annotated[str, msgspec.Meta(pattern=f"^[0-9a-f]{{{ID_CHARACTERS}}}$")]


class EndedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The number of sessions that were ended."""

    ended: int


class AdminSessionEndpoints:
    """The endpoints; ``tell_ended`` has every process end what depends on the ended sessions."""

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

    @post(
        "/api/admin/login",
        Done,
        body=LoginRequest,
        headers={200: ["Set-Cookie"]},
        codes=["login_unusable"],
        limit="sign_in",
        away="unavailable",
    )
    async def login(self, request: Request) -> Response:
        """Log in as an admin with a one-time link.

        The answer sets the browser's cookie, and the browser's earlier session ends. Programs use a
        token from `nest admin-link --token` instead.
        """
        # A new session begins whatever cookie came along: a planted cookie, or that of an earlier
        # session, is worth nothing from now on.
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
        answer = await self._end_shown(request, json(Done()))
        seconds = int(ADMIN_SESSION_TTL.total_seconds())
        self._cookies.remember_admin(answer, token, seconds=seconds)
        return answer

    @post("/api/admin/logout", Done, headers={200: ["Set-Cookie"]}, away="unavailable")
    async def logout(self, request: Request) -> Response:
        """End the admin session of the bearer token or cookie.

        The session's pages and sockets end within a second, on every process.
        """
        answer = await self._end_shown(request, json(Done()))
        self._cookies.forget_admin(answer)
        return answer

    async def _end_shown(self, request: Request, answer: Response) -> Response:
        """End the sessions whose tokens the request carries.

        Their pages hear of it after the answer. A page that loads again before its browser has the
        cookie of the answer would say that somebody has ended the session.
        """
        names = await self._admins.names_of_valid(admin_hashes(request, self._cookies), self._now())
        for session, name in names.items():
            await self._revoke([session], Actor(called(session, name), network(request)))
        answer.background = BackgroundTask(self._tell, list(names))
        return answer

    @get("/api/admin/sessions", SessionsAnswer, needs=Permission.MANAGE_STAFF)
    async def listed(self, request: Request) -> Response:
        """List the open admin sessions."""
        mine = set(admin_hashes(request, self._cookies))
        found = await self._admins.listed(self._now())
        return json(SessionsAnswer(sessions=[_row(each, mine) for each in found]))

    @post(
        "/api/admin/sessions/end",
        EndedAnswer,
        body=EndRequest,
        codes=["page_not_found"],
        needs=Permission.MANAGE_STAFF,
    )
    async def end(self, request: Request) -> Response:
        """End an admin session. Its pages and sockets end within a second, on every process."""
        wanted = (await body(request, EndRequest)).id
        found = await self._admins.listed(self._now())
        sessions = [each.token_sha256 for each in found if each.id == wanted]
        if not sessions:
            raise Refused("page_not_found")
        return json(EndedAnswer(ended=await self._end(sessions, actor(request))))

    @post("/api/admin/sessions/end-others", EndedAnswer, needs=Permission.MANAGE_STAFF)
    async def end_others(self, request: Request) -> Response:
        """End every admin session except the one that asks."""
        mine = set(admin_hashes(request, self._cookies))
        found = await self._admins.listed(self._now())
        sessions = [each.token_sha256 for each in found if each.token_sha256 not in mine]
        return json(EndedAnswer(ended=await self._end(sessions, actor(request))))

    async def _end(self, sessions: list[bytes], by: Actor) -> int:
        ended = await self._revoke(sessions, by)
        self._tell_ended(sessions)
        return ended

    async def _revoke(self, sessions: list[bytes], by: Actor) -> int:
        return len(await self._admins.revoke(sessions, self._now(), by=self._audit.by(by)))

    async def _tell(self, sessions: list[bytes]) -> None:
        self._tell_ended(sessions)


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
