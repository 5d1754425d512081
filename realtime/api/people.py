"""REST for people: who you are, invitations you accept, and links back to your houses."""

from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Annotated
from urllib.parse import parse_qs
from uuid import UUID

import msgspec
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from configurator.protocol.codes import Refused
from configurator.protocol.messages import Person, Token
from realtime.actions.configurations import Actions
from realtime.actions.sharing import Sharing
from realtime.api.declared.marks import post
from realtime.edge.exchange import body, bounded, is_form, json
from realtime.edge.parameters import query
from realtime.people.auth import Authenticator, bearer
from realtime.people.cookies import Cookies
from realtime.people.person_tokens import Exchanged, PersonTokens
from realtime.people.principal import Visitor, token_sha256
from storage.errors import StorageUnavailable
from storage.outage import UnlessAway

PROBE_COOKIE = "nest_cookies"
"""The cookie that shows that this browser keeps cookies; `link_token.js` sets the same."""


class PersonAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A new person and the secret token that authenticates them."""

    person: Person
    token: str


class RegisterRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of ``POST /api/people``; without a name the person gets a guest name."""

    name: str | None = None


class RedeemRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The part of an invitation link after the #."""

    token: Token


class RedeemAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration that you may enter now."""

    code: str


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The new token of a program; null for a browser, which gets it in its cookie."""

    token: str | None


class WayBackAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A link that gives this person a new token: it works once, until the time in the answer."""

    url: str
    until: datetime


class ComeBackRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a link back after the #."""

    token: Annotated[str, msgspec.Meta(min_length=16, max_length=128)]


class ComeBackAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration that this person worked on last; null if there is none."""

    code: str | None


class SignOutRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of ``POST /api/people/me/sign-out``: the link back that goes on working, if any.

    ``way_back`` is the part of that link after the #. Every other link back ends.
    """

    way_back: Annotated[str, msgspec.Meta(min_length=16, max_length=128)] | None = None


class SignedOutAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The token no longer belongs to anybody."""

    done: bool = True


class StartForm(msgspec.Struct, frozen=True, kw_only=True):
    """The form of the start page: the size, if one was chosen, and the language."""

    size: str = ""
    language: str = ""


class StartQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The mark in the address that this browser was already asked to keep a cookie."""

    cookies: str | None = None


class PeopleEndpoints:
    """The endpoints; links begin with ``public_url``."""

    def __init__(
        self,
        *,
        actions: Actions,
        sharing: Sharing,
        authenticator: Authenticator,
        tokens: PersonTokens,
        cookies: Cookies,
        public_url: str,
        unless_away: UnlessAway,
    ) -> None:
        self._unless_away = unless_away
        self._actions = actions
        self._sharing = sharing
        self._authenticator = authenticator
        self._tokens = tokens
        self._cookies = cookies
        self._public_url = public_url

    @post(
        "/api/people",
        PersonAnswer,
        body=RegisterRequest,
        body_optional=True,
        status=201,
        codes=["name_unusable", "name_reserved"],
        limit="create",
    )
    async def register(self, request: Request) -> Response:
        """Become a person; the answer has your bearer token.

        The body may be left out.
        """
        asked = RegisterRequest() if _is_bare(request) else await body(request, RegisterRequest)
        principal, token = await self._actions.people.register(asked.name)
        return json(PersonAnswer(person=principal.person, token=token), 201)

    @post(
        "/api/share-links/redeem",
        RedeemAnswer,
        body=RedeemRequest,
        headers={200: ["Set-Cookie"]},
        codes=["invitation_unusable", "cookies_differ"],
        tag="people",
        limit="redeem",
    )
    async def redeem(self, request: Request) -> Response:
        """Accept an invitation.

        Without a bearer token or cookie a person is created, and the answer sets their cookie.
        """
        asked = await body(request, RedeemRequest)
        self._one_cookie(request)
        principal, token = await self._person(request)
        code = await self._sharing.redeem(principal, asked.token)
        return self._remember(json(RedeemAnswer(code=code)), token)

    @post(
        "/api/people/me/token",
        TokenAnswer,
        headers={200: ["Set-Cookie"]},
        codes=["not_authenticated", "cookies_differ"],
    )
    async def exchange(self, request: Request) -> Response:
        """Get a new token.

        The old token ends: its pages and sockets end within a second, on every process.
        """
        self._one_cookie(request)
        program = bearer(request)
        shown = program or self._cookies.person_token(request)
        shown = shown or self._cookies.former_person(request)
        exchanged = await self._exchange(shown) if shown else None
        if exchanged is None:
            raise Refused("not_authenticated")
        answer = json(TokenAnswer(token=exchanged.token if program else None))
        answer.background = BackgroundTask(self._tell_ended, exchanged.person_id)
        return answer if program else self._remember(answer, exchanged.token)

    @post(
        "/api/people/me/sign-out",
        SignedOutAnswer,
        body=SignOutRequest,
        body_optional=True,
        headers={200: ["Set-Cookie"]},
        codes=["cookies_differ"],
    )
    async def sign_out(self, request: Request) -> Response:
        """Sign out: end the token, as before leaving a shared computer.

        The token's pages and sockets end within a second, on every process, and the cookie is
        deleted. Without a link back nobody can be this person again: name the link that you kept;
        every other one ends. Where a request has both a bearer token and a cookie, only the bearer
        token ends. The body may be left out.
        """
        asked = SignOutRequest() if _is_bare(request) else await body(request, SignOutRequest)
        self._one_cookie(request)
        shown = bearer(request) or self._cookies.person_token(request)
        answer = json(SignedOutAnswer())
        if shown and (ended := await self._exchange(shown, keep=asked.way_back)):
            # The new token is told to nobody.
            answer.background = BackgroundTask(self._tell_ended, ended.person_id)
        if not bearer(request):
            self._cookies.forget_person(answer)
        return answer

    async def _exchange(self, shown: str, *, keep: str | None = None) -> Exchanged | None:
        """Exchange a token. This process refuses the old one before the request is answered."""
        exchanged = await self._tokens.exchange(shown, keep=keep)
        if exchanged is None:
            self._authenticator.forget_token(token_sha256(shown))
        else:
            self._authenticator.forget(exchanged.person_id)
        return exchanged

    async def _tell_ended(self, person_id: UUID) -> None:
        self._tokens.ended(person_id)

    @post("/api/people/me/way-back", WayBackAnswer, codes=["not_authenticated", "people_only"])
    async def way_back(self, request: Request) -> Response:
        """Make a link back, which gives this person a new token, once, within 90 days.

        Using the link ends the token that the person has at that time. A newer link replaces it.
        """
        principal = await self._authenticator.of(request)
        if principal is None:
            raise Refused("not_authenticated")
        try:
            secret, until = await self._tokens.way_back(principal)
        except Refused:
            if isinstance(principal, Visitor) and principal.token_sha256 is not None:
                self._authenticator.forget_token(principal.token_sha256)
            raise
        return json(WayBackAnswer(url=f"{self._public_url}/come-back#{secret}", until=until))

    @post(
        "/api/people/come-back",
        ComeBackAnswer,
        body=ComeBackRequest,
        headers={200: ["Set-Cookie"]},
        codes=["way_back_unusable", "already_somebody", "cookies_differ"],
        limit="redeem",
    )
    async def come_back(self, request: Request) -> Response:
        """Use a link back: sets this browser's cookie, unless the browser is another person's.

        `detail` of `already_somebody` is the name of the person whose browser it is.
        """
        # In the browser of another person, that person would lose their houses; and the sender of
        # the link could watch from then on what they do. The page offers to forget that person
        # first.
        asked = await body(request, ComeBackRequest)
        self._one_cookie(request)
        here = await self._authenticator.of(request)
        principal, token = await self._tokens.come_back(
            asked.token, here=here if isinstance(here, Visitor) else None
        )
        self._authenticator.forget(principal.person.id)
        latest = None
        # The link is used up, so the answer has to bring the token.
        with suppress(StorageUnavailable):
            latest = await self._actions.latest(principal)
        answer = json(ComeBackAnswer(code=latest.code if latest else None))
        answer.background = BackgroundTask(self._tell_ended, principal.person.id)
        return self._remember(answer, token)

    @post(
        "/start",
        None,
        body=StartForm,
        body_optional=True,
        form=True,
        status=303,
        also={307: None},
        headers={303: ["Set-Cookie"], 307: ["Set-Cookie"]},
        query=[StartQuery],
        codes=["too_many_houses", "cookies_needed", "cookies_differ"],
        tag="pages",
        limit="create",
        away="unavailable",
    )
    async def start(self, request: Request) -> Response:
        """Create a configuration from the form of the start page, and redirect to it.

        A browser without cookies is sent here a second time, to see whether it keeps one.
        """
        # In a browser without cookies, nobody would find the new house again.
        form = parse_qs((await bounded(request)).decode("utf-8", "replace"))
        request.state.language = form.get("language", [""])[0]
        if not request.cookies and is_form(request):
            if query(request, StartQuery).cookies is not None:
                raise Refused("cookies_needed")
            again = RedirectResponse("/start?cookies=asked", status_code=307)
            again.set_cookie(
                PROBE_COOKIE, "on", max_age=60, samesite="lax", secure=self._cookies.secure
            )
            return again
        self._one_cookie(request)
        begin = partial(self._begin, request, size=form.get("size", [""])[0])
        code, token = await self._unless_away(begin)
        return self._remember(RedirectResponse(f"/c/{code}", status_code=303), token)

    async def _begin(self, request: Request, *, size: str) -> tuple[str, str | None]:
        principal, token = await self._person(request)
        return (await self._actions.create(principal, size=size)).code, token

    def _one_cookie(self, request: Request) -> None:
        """Refuse to set or delete a cookie where the browser sent two different ones.

        Raises:
            Refused: ``cookies_differ``.
        """
        if not bearer(request) and self._cookies.differing(request):
            raise Refused("cookies_differ")

    async def _person(self, request: Request) -> tuple[Visitor, str | None]:
        principal = await self._authenticator.of(request)
        if isinstance(principal, Visitor):
            return principal, None
        if principal is None and (former := self._cookies.former_person(request)):
            exchanged = await self._tokens.exchange(former)
            if exchanged is not None:
                self._tokens.ended(exchanged.person_id)
                moved = await self._authenticator.by_token(exchanged.token)
                if isinstance(moved, Visitor):
                    return moved, exchanged.token
        return await self._actions.people.register()

    def _remember(self, answer: Response, token: str | None) -> Response:
        if token is not None:
            self._cookies.remember_person(answer, token)
        return answer


def _is_bare(request: Request) -> bool:
    headers = request.headers
    return headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
