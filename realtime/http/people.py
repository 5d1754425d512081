"""Who you are: a person on first use, an invitation that is accepted."""

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
from realtime.actions import Actions
from realtime.auth import Authenticator, bearer
from realtime.cookies import Cookies
from realtime.http.edge import body, bounded, is_form, json
from realtime.http.endpoints import Endpoint
from realtime.person_tokens import Exchanged, PersonTokens
from realtime.principal import Principal, token_sha256
from realtime.readiness import UnlessAway
from realtime.sharing import Sharing
from storage.errors import StorageUnavailable

PROBE_COOKIE = "nest_cookies"
"""Says that this browser keeps cookies; `invitation.js` sets the same."""


class PersonAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A new person and the secret token that proves it is them."""

    person: Person
    token: str


class RegisterRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What ``POST /api/people`` takes; without a name the person has a guest name."""

    name: str | None = None


class RedeemRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The part of an invitation link after the #."""

    token: Token


class RedeemAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration that is open to you now."""

    code: str


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The new token of a program; null for a browser, which has it in its cookie."""

    token: str | None


class WayBackAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A link that gives this person a new token, once, until then."""

    url: str
    until: datetime


class ComeBackRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a link back after the #."""

    token: Annotated[str, msgspec.Meta(min_length=16, max_length=128)]


class ComeBackAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration that this person worked on last; null: none."""

    code: str | None


class SignOutRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What ``POST /api/people/me/sign-out`` takes: the link back that goes on working, if any.

    ``way_back`` is its part after the #. Any other link back ends.
    """

    way_back: Annotated[str, msgspec.Meta(min_length=16, max_length=128)] | None = None


class SignedOutAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The token is nobody's from now on."""

    done: bool = True


class StartForm(msgspec.Struct, frozen=True, kw_only=True):
    """What the form of the start page sends: the size, if one was chosen, and its language."""

    size: str = ""
    language: str = ""


class PeopleEndpoints:
    """The handlers; links begin with ``public_url``."""

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

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of this module."""
        return [
            Endpoint(
                method="POST",
                path="/api/people",
                handler=self.register,
                summary="Become a person: the token is your bearer token from now on. The body "
                "may be left out.",
                body=RegisterRequest,
                body_optional=True,
                answer=PersonAnswer,
                status=201,
                codes=["name_unusable", "name_reserved"],
                tags=["people"],
                away="not_saved",
                limit="create",
            ),
            Endpoint(
                method="POST",
                path="/api/share-links/redeem",
                handler=self.redeem,
                summary="Accept an invitation. Without bearer token or cookie a person is "
                "created and its cookie set.",
                body=RedeemRequest,
                answer=RedeemAnswer,
                headers={200: ["Set-Cookie"]},
                codes=["invitation_unusable", "cookies_differ"],
                tags=["people"],
                away="not_saved",
                limit="redeem",
            ),
            Endpoint(
                method="POST",
                path="/api/people/me/token",
                handler=self.exchange,
                summary="Get a new token. The old one is nobody's from now on: its pages and "
                "sockets end within a second, on every process.",
                answer=TokenAnswer,
                headers={200: ["Set-Cookie"]},
                codes=["not_authenticated", "cookies_differ"],
                tags=["people"],
                away="not_saved",
            ),
            Endpoint(
                method="POST",
                path="/api/people/me/sign-out",
                handler=self.sign_out,
                summary="End the token, as on a computer that others use: its pages and sockets end "
                "within a second, on every process, and the cookie is deleted. Without a link back "
                "nobody is this person any more: name the one that you kept, every other one ends. The "
                "body may be left out.",
                body=SignOutRequest,
                body_optional=True,
                answer=SignedOutAnswer,
                headers={200: ["Set-Cookie"]},
                codes=["cookies_differ"],
                tags=["people"],
                away="not_saved",
            ),
            Endpoint(
                method="POST",
                path="/api/people/me/way-back",
                handler=self.way_back,
                summary="Make a link back: it gives this person a new token, once, within 90 days, "
                "and ends the token of then. A newer link replaces it.",
                answer=WayBackAnswer,
                codes=["not_authenticated", "people_only"],
                tags=["people"],
                away="not_saved",
            ),
            Endpoint(
                method="POST",
                path="/api/people/come-back",
                handler=self.come_back,
                summary="Use a link back: sets the cookie of this browser, which must not "
                "be somebody else's: `detail` of `already_somebody` is the name of that person.",
                body=ComeBackRequest,
                answer=ComeBackAnswer,
                headers={200: ["Set-Cookie"]},
                codes=["way_back_unusable", "already_somebody", "cookies_differ"],
                tags=["people"],
                away="not_saved",
                limit="redeem",
            ),
            Endpoint(
                method="POST",
                path="/start",
                handler=self.start,
                summary="The form of the start page: create a configuration and go there. A "
                "browser without cookies is sent here again with one, to see whether it keeps it.",
                body=StartForm,
                body_optional=True,
                form=True,
                answer=None,
                status=303,
                also={307: None},
                headers={303: ["Set-Cookie"], 307: ["Set-Cookie"]},
                query=["cookies"],
                codes=["too_many_houses", "cookies_needed", "cookies_differ"],
                tags=["pages"],
                limit="create",
            ),
        ]

    async def register(self, request: Request) -> Response:
        """``POST /api/people``."""
        asked = RegisterRequest() if _is_bare(request) else await body(request, RegisterRequest)
        principal, token = await self._actions.register(asked.name)
        return json(PersonAnswer(person=principal.person, token=token), 201)

    async def redeem(self, request: Request) -> Response:
        """``POST /api/share-links/redeem``."""
        asked = await body(request, RedeemRequest)
        self._one_cookie(request)
        principal, token = await self._person(request)
        code = await self._sharing.redeem(principal, asked.token)
        return self._remember(json(RedeemAnswer(code=code)), token)

    async def exchange(self, request: Request) -> Response:
        """``POST /api/people/me/token``."""
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

    async def sign_out(self, request: Request) -> Response:
        """``POST /api/people/me/sign-out``. Of a bearer and a cookie, the bearer's person only."""
        asked = SignOutRequest() if _is_bare(request) else await body(request, SignOutRequest)
        self._one_cookie(request)
        shown = bearer(request) or self._cookies.person_token(request)
        answer = json(SignedOutAnswer())
        if shown and (ended := await self._exchange(shown, keep=asked.way_back)):
            # Nobody learns the new token.
            answer.background = BackgroundTask(self._tell_ended, ended.person_id)
        if not bearer(request):
            self._cookies.forget_person(answer)
        return answer

    async def _exchange(self, shown: str, *, keep: str | None = None) -> Exchanged | None:
        """Exchange a token. Requests with it are refused here before this one is answered."""
        exchanged = await self._tokens.exchange(shown, keep=keep)
        if exchanged is None:
            self._authenticator.forget_token(token_sha256(shown))
        else:
            self._authenticator.forget(exchanged.person_id)
        return exchanged

    async def _tell_ended(self, person_id: UUID) -> None:
        self._tokens.ended(person_id)

    async def way_back(self, request: Request) -> Response:
        """``POST /api/people/me/way-back``."""
        principal = await self._authenticator.of(request)
        if principal is None:
            raise Refused("not_authenticated")
        try:
            secret, until = await self._tokens.way_back(principal)
        except Refused:
            if principal.token_sha256 is not None:
                self._authenticator.forget_token(principal.token_sha256)
            raise
        return json(WayBackAnswer(url=f"{self._public_url}/come-back#{secret}", until=until))

    async def come_back(self, request: Request) -> Response:
        """``POST /api/people/come-back``.

        Not in a browser that is somebody else's: their houses would be lost, and whoever sent them
        a link of their own would see what they do from then on. Its page offers to forget them.
        """
        asked = await body(request, ComeBackRequest)
        self._one_cookie(request)
        here = await self._authenticator.of(request)
        if here is not None and here.admin:
            here = None
        principal, token = await self._tokens.come_back(asked.token, here=here)
        self._authenticator.forget(principal.person.id)
        latest = None
        with suppress(StorageUnavailable):  # the link is spent: the answer has to bring the token
            latest = await self._actions.latest(principal)
        answer = json(ComeBackAnswer(code=latest.code if latest else None))
        answer.background = BackgroundTask(self._tell_ended, principal.person.id)
        return self._remember(answer, token)

    async def start(self, request: Request) -> Response:
        """``POST /start``.

        A browser that brings no cookie at all is asked to keep one first: one that keeps none would
        leave a house behind that nobody finds again.
        """
        form = parse_qs((await bounded(request)).decode("utf-8", "replace"))
        request.state.language = form.get("language", [""])[0]
        if not request.cookies and is_form(request):
            if "cookies" in request.query_params:
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
        """Refuse what would set or delete a cookie where two differ: ours could be the one that goes.

        Raises:
            Refused: ``cookies_differ``.
        """
        if not bearer(request) and self._cookies.differing(request):
            raise Refused("cookies_differ")

    async def _person(self, request: Request) -> tuple[Principal, str | None]:
        principal = await self._authenticator.of(request)
        if principal is not None and not principal.admin:
            return principal, None
        if principal is None and (former := self._cookies.former_person(request)):
            exchanged = await self._tokens.exchange(former)
            if exchanged is not None:
                self._tokens.ended(exchanged.person_id)
                moved = await self._authenticator.by_token(exchanged.token)
                if moved is not None:
                    return moved, exchanged.token
        return await self._actions.register()

    def _remember(self, answer: Response, token: str | None) -> Response:
        if token is not None:
            self._cookies.remember_person(answer, token)
        return answer


def _is_bare(request: Request) -> bool:
    headers = request.headers
    return headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
