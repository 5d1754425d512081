"""REST for the catalogue: read it, price any selection of it, and the pictures of any house."""

from asyncio import to_thread
from collections import OrderedDict

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from configurator.derived import derive, derived_to_json
from configurator.errors import SelectionInvalid
from configurator.preview import Language, PreviewKey, PreviewUnknown, parse_path, render
from configurator.protocol.codes import Refused
from configurator.selection import Choice, selection_from_json
from realtime.allowances import DRAWING_COST, RequestLimits
from realtime.catalogues import CatalogueShelf
from realtime.door import network_in
from realtime.http.edge import body, has, json
from realtime.http.endpoints import Endpoint
from realtime.previews import PREVIEW_PREFIX, preview_url

PICTURES_MAX = 512
"""So many pictures are kept in memory, at about 40 kB each."""


class PriceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A selection to price, by any catalogue."""

    selection: dict[str, object]
    catalogue: str | None = None


class PriceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The price of a selection with everything that follows from it."""

    catalogue: str
    selection: dict[str, Choice]
    derived: dict[str, object]


class CatalogueEndpoints:
    """The handlers; pictures are drawn once per key and kept."""

    def __init__(self, *, shelf: CatalogueShelf, requests: RequestLimits) -> None:
        self._shelf = shelf
        self._requests = requests
        self._pictures: OrderedDict[tuple[str, Language], str] = OrderedDict()

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint of this module."""
        return [
            Endpoint(
                method="GET",
                path="/api/catalogue",
                handler=self.read,
                summary="The current catalogue (or the one of ?id=): categories, options, texts "
                "in German and English, limits, defaults.",
                query=["id"],
                answer=dict[str, object],
                also={304: None},
                codes=["unknown_catalogue"],
                tags=["catalogue"],
            ),
            Endpoint(
                method="POST",
                path="/api/price",
                handler=self.price,
                summary="Price a selection without storing anything.",
                body=PriceRequest,
                answer=PriceAnswer,
                codes=["unusable_selection", "unknown_catalogue"],
                tags=["catalogue"],
                limit="read",
            ),
            Endpoint(
                method="GET",
                path=PREVIEW_PREFIX + "/{path:path}.svg",
                handler=self.picture,
                summary="A picture of a house as SVG; the address says everything that is in it "
                "and never changes its content. Captions are German, or English with ?lang=en.",
                query=["lang"],
                answer=str,
                media=["image/svg+xml"],
                also={307: None},
                parameters={"lang": {"type": "string"}},
                codes=["page_not_found"],
                tags=["catalogue"],
                limit="picture",
            ),
        ]

    async def read(self, request: Request) -> Response:
        """``GET /api/catalogue``."""
        catalogue_id = request.query_params.get("id")
        shelf = self._shelf
        catalogue = await shelf.get(catalogue_id) if catalogue_id else shelf.current
        etag = f'"{catalogue.revision[:32]}"'
        headers = {"etag": etag, "cache-control": "public, max-age=60"}
        if has(request, etag):
            return Response(status_code=304, headers=headers)
        return Response(shelf.json(catalogue), media_type="application/json", headers=headers)

    async def price(self, request: Request) -> Response:
        """``POST /api/price``."""
        asked = await body(request, PriceRequest)
        shelf = self._shelf
        catalogue = await shelf.get(asked.catalogue) if asked.catalogue else shelf.current
        try:
            selection = selection_from_json(catalogue, asked.selection)
        except SelectionInvalid as problem:
            raise Refused("unusable_selection", detail=str(problem)[:300]) from None
        return json(
            PriceAnswer(
                catalogue=catalogue.id,
                selection=dict(selection),
                derived=derived_to_json(derive(catalogue, selection, preview_url=preview_url)),
            )
        )

    async def picture(self, request: Request) -> Response:
        """``GET /preview/....svg``."""
        try:
            key = parse_path(request.path_params["path"])
        except PreviewUnknown:
            raise Refused("page_not_found") from None
        if key.path != request.path_params["path"]:
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"{PREVIEW_PREFIX}/{key.path}.svg{query}")
        return Response(
            await self._picture(request, key),
            media_type="image/svg+xml",
            headers={
                "cache-control": "public, max-age=31536000, immutable",
                "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
            },
        )

    async def _picture(self, request: Request, key: PreviewKey) -> str:
        language: Language = "en" if request.query_params.get("lang") == "en" else "de"
        named = (key.path, language)
        drawn = self._pictures.get(named)
        if drawn is None:
            self._requests.charge("picture", network_in(request.scope), DRAWING_COST - 1)
            drawn = await to_thread(render, key, language)
            self._pictures[named] = drawn
            while len(self._pictures) > PICTURES_MAX:
                self._pictures.popitem(last=False)
        else:
            self._pictures.move_to_end(named)
        return drawn
