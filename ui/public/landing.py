"""Public pages that are real HTML: the landing page, the invitation page, the admin login."""

import json
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from configurator.house_code import as_code
from configurator.protocol.codes import Refused
from configurator.text import Language
from storage.errors import StorageUnavailable
from ui.language import language_of
from ui.ports import CatalogueSource, Legal, Offer, Visitors
from ui.public.messages import MessagePages
from ui.public.restored import history, put_back_to
from ui.templates import Templates
from ui.texts import Texts


@dataclass(frozen=True)
class PublicPages:
    """The pages, with the parts they are built from.

    `public_origin` is like `https://nest.example`, or None.
    """

    templates: Templates
    texts: Texts
    catalogue: CatalogueSource
    visitors: Visitors
    public_origin: str | None
    legal: Legal

    async def landing(self, request: Request) -> Response:
        """`/`: the houses, their prices, and the way into the configurator.

        Its views are counted.
        """
        if request.method == "GET":
            self.visitors.seen("landing", request)
        offer = self.catalogue.offer()
        origin = self._origin(request)
        language = language_of(request)
        house_code = await self._house_code(request)
        return self.templates.response(
            request,
            "landing.html",
            {
                "offer": offer,
                "origin": origin,
                "house_code": house_code,
                "structured": structured(self.texts, offer, origin, language),
                "rate": f"{offer.rate_percent:.1f}".replace(".", "," if language == "de" else "."),
            },
            personal=house_code is not None,
        )

    def _origin(self, request: Request) -> str:
        return self.public_origin or f"{request.url.scheme}://{request.url.netloc}"

    async def _house_code(self, request: Request) -> str | None:
        """The code of the house to continue with; None also while PostgreSQL is away."""
        try:
            return await self.visitors.house_code_of(request)
        except StorageUnavailable:
            return None

    async def join(self, request: Request) -> Response:
        """`/join#token`: the browser reads the token and posts it, so the server never logs it."""
        return self.templates.response(
            request, "join.html", {"link": "join", "origin": self._origin(request)}
        )

    async def join_encoded(self, request: Request) -> Response:
        """`/join%23token`, as some mail programs write the link: redirects to `/join#token`."""
        return _with_fragment("/join", request.path_params["token"])

    async def admin_login_encoded(self, request: Request) -> Response:
        """The same for `/admin/login%23token`."""
        return _with_fragment("/admin/login", request.path_params["token"])

    async def imprint(self, request: Request) -> Response:
        """`/imprint`: who runs this installation, as the operator entered it."""
        return self._legal(request, "imprint")

    async def privacy(self, request: Request) -> Response:
        """`/privacy`: which data are stored, why and for how long, and a person's rights."""
        return self._legal(request, "privacy")

    def _legal(self, request: Request, page: str) -> Response:
        return self.templates.response(request, "legal.html", {"page": page, "legal": self.legal})

    async def admin_login(self, request: Request) -> Response:
        """`/admin/login#token`: the same for the one-time link of an admin."""
        return self.templates.response(request, "join.html", {"link": "adminLogin"})

    async def come_back(self, request: Request) -> Response:
        """`/come-back#token`: the same for a link back that a person made for themselves."""
        return self.templates.response(request, "join.html", {"link": "comeBack"})

    async def come_back_encoded(self, request: Request) -> Response:
        """The same for `/come-back%23token`."""
        return _with_fragment("/come-back", request.path_params["token"])

    async def signed_out(self, request: Request) -> Response:
        """`/signed-out`: every tab of a person whose token has ended goes here.

        A browser with a valid token, as after an exchange of the token, goes on to the `house` that
        it came from. In any other browser the cookie is deleted, but only once it is `sure`: the
        answer with a new token may still be on its way to another tab, and deleting the cookie
        would delete the new token.
        """
        messages = MessagePages(self.templates)
        try:
            browser = await self.visitors.browser_of(request)
        except StorageUnavailable:
            return messages.later(request)
        if browser.unclear:
            return messages.refused(request, Refused("cookies_differ"))
        house = request.query_params.get("house", "")
        if browser.person:
            code = as_code(house)
            onward = RedirectResponse(f"/c/{code}" if code else "/", status_code=303)
            onward.headers["cache-control"] = "no-store"
            return onward
        if browser.ended and "sure" not in request.query_params:
            return messages.looks_again(request, house)
        values = {"restored": await put_back_to(self.visitors, language_of(request))}
        answer = self.templates.response(request, "signed_out.html", values, personal=True)
        self.visitors.forget_person(request, answer)
        return answer


def _with_fragment(path: str, token: str) -> Response:
    return RedirectResponse(f"{path}#{quote(token, safe='')}", status_code=303)


def public_routes(pages: PublicPages) -> list[Route]:
    """Return the routes; they belong before NiceGUI's mount."""
    return [
        Route("/", pages.landing, methods=["GET", "HEAD"]),
        Route("/join", pages.join, methods=["GET", "HEAD"]),
        Route("/join/", pages.join, methods=["GET", "HEAD"]),
        Route("/admin/login", pages.admin_login, methods=["GET", "HEAD"]),
        Route("/come-back", pages.come_back, methods=["GET", "HEAD"]),
        Route("/come-back/", pages.come_back, methods=["GET", "HEAD"]),
        Route("/signed-out", pages.signed_out, methods=["GET", "HEAD"]),
        Route("/restored", partial(history, pages.visitors), methods=["GET", "HEAD"]),
        Route("/imprint", pages.imprint, methods=["GET", "HEAD"]),
        Route("/privacy", pages.privacy, methods=["GET", "HEAD"]),
        Route("/admin/login/", pages.admin_login, methods=["GET", "HEAD"]),
        *(
            Route(f"{path}#{{token}}", answer, methods=["GET", "HEAD"])
            for page, answer in (
                ("/join", pages.join_encoded),
                ("/admin/login", pages.admin_login_encoded),
                ("/come-back", pages.come_back_encoded),
            )
            for path in (page, f"{page}/")
        ),
    ]


def structured(texts: Texts, offer: Offer, origin: str, language: Language) -> str:
    """Return the JSON-LD of the landing page, safe inside a script element."""
    product = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": "NEST-Haus",
        "brand": {"@type": "Brand", "name": "NEST-Haus"},
        "description": texts.of(language, "landing.lead"),
        "image": origin + offer.preview_url,
        "url": origin + "/",
        "offers": {
            "@type": "AggregateOffer",
            "priceCurrency": "EUR",
            "lowPrice": _decimal(offer.low_cents),
            "highPrice": _decimal(offer.high_cents),
            "offerCount": len(offer.sizes),
            "availability": "https://schema.org/PreOrder",
            "offers": [
                {
                    "@type": "Offer",
                    "name": size.name,
                    "price": _decimal(size.from_cents),
                    "priceCurrency": "EUR",
                    "url": origin + "/",
                    "availability": "https://schema.org/PreOrder",
                }
                for size in offer.sizes
            ],
        },
    }
    text = json.dumps(product, ensure_ascii=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _decimal(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
