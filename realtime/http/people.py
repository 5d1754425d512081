"""Who you are: a person on first use, an invitation that is accepted."""

from urllib.parse import parse_qs, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from configurator.protocol.codes import Refused
from configurator.protocol.messages import Person, Token
from realtime.actions import Actions
from realtime.auth import Authenticator
from realtime.http.edge import body, bounded, is_form, json
from realtime.http.endpoints import Endpoint
from realtime.principal import PERSON_COOKIE, Principal
from realtime.sharing import Sharing

PROBE_COOKIE = "nest_cookies"
"""Says that this browser keeps cookies; `invitation.js` sets the same."""
PERSON_COOKIE_SECONDS = 400 * 24 * 3600


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


class StartForm(msgspec.Struct, frozen=True, kw_only=True):
    """What the form of the start page sends: the size, if one was chosen, and its language."""

    size: str = ""
    language: str = ""


class PeopleEndpoints:
    """The handlers; ``public_url`` decides whether cookies are for https only."""

    def __init__(
        self,
        *,
        actions: Actions,
        sharing: Sharing,
        authenticator: Authenticator,
        public_url: str,
    ) -> None:
        self._actions = actions
        self._sharing = sharing
        self._authenticator = authenticator
        self._secure = urlsplit(public_url).scheme == "https"

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
                codes=["invitation_unusable"],
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
                codes=["too_many_houses", "cookies_needed"],
                tags=["pages"],
                limit="create",
            ),
        ]

    async def register(self, request: Request) -> Response:
        """``POST /api/people``."""
        headers = request.headers
        bare = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
        asked = RegisterRequest() if bare else await body(request, RegisterRequest)
        principal, token = await self._actions.register(asked.name)
        return json(PersonAnswer(person=principal.person, token=token), 201)

    async def redeem(self, request: Request) -> Response:
        """``POST /api/share-links/redeem``."""
        asked = await body(request, RedeemRequest)
        principal, token = await self._person(request)
        code = await self._sharing.redeem(principal, asked.token)
        return self._remember(json(RedeemAnswer(code=code)), token)

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
            again.set_cookie(PROBE_COOKIE, "on", max_age=60, samesite="lax", secure=self._secure)
            return again
        principal, token = await self._person(request)
        stored = await self._actions.create(principal, size=form.get("size", [""])[0])
        return self._remember(RedirectResponse(f"/c/{stored.code}", status_code=303), token)

    async def _person(self, request: Request) -> tuple[Principal, str | None]:
        principal = await self._authenticator.of(request)
        if principal is None or principal.admin:
            return await self._actions.register()
        return principal, None

    def _remember(self, answer: Response, token: str | None) -> Response:
        if token is not None:
            answer.set_cookie(
                PERSON_COOKIE,
                token,
                max_age=PERSON_COOKIE_SECONDS,
                httponly=True,
                samesite="lax",
                secure=self._secure,
            )
        return answer
