"""REST for the catalogue: read it, price any selection by it, draw any house."""

from asyncio import to_thread

import msgspec
from cachetools import LRUCache
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from configurator.catalogue.canonical import selection_from_json
from configurator.catalogue.model import PublicCatalogue
from configurator.catalogue.selection import Choice
from configurator.errors import SelectionInvalid
from configurator.preview.scene.keys import PreviewKey, PreviewUnknown, parse_path
from configurator.preview.svg.rendering import render
from configurator.pricing.derived import Derived, derive
from configurator.pricing.pictures import PREVIEW_PREFIX
from configurator.protocol.codes import Refused
from configurator.text import Language
from realtime.api.declared.marks import get, post
from realtime.edge.exchange import body, has, json
from realtime.edge.parameters import query
from realtime.limits.allowances import DRAWING_COST, RequestLimits
from realtime.people.networks import network_in
from realtime.rooms.catalogues import ParsedCatalogues

PICTURES_MAX = 512
"""The number of pictures kept in memory; each takes about 40 kB."""


class PriceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A selection to price, and the id of the catalogue (the current one without an id)."""

    selection: dict[str, object]
    catalogue: str | None = None


class PriceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The price of a selection, and everything else that is derived from it."""

    catalogue: str
    selection: dict[str, Choice]
    derived: Derived


class CatalogueQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The id of the catalogue to read; the current one without an id."""

    id: str | None = None


class PictureQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The language of the captions: English for ``en``, German for any other."""

    lang: str | None = None


class CatalogueEndpoints:
    """The endpoints; a picture is drawn once for each key and kept in memory."""

    def __init__(self, *, catalogues: ParsedCatalogues, requests: RequestLimits) -> None:
        self._catalogues = catalogues
        self._requests = requests
        self._pictures: LRUCache[tuple[str, Language], str] = LRUCache(PICTURES_MAX)

    @get(
        "/api/catalogue",
        PublicCatalogue,
        query=[CatalogueQuery],
        also={304: None},
        codes=["unknown_catalogue"],
        tag="catalogue",
    )
    async def read(self, request: Request) -> Response:
        """Read the current catalogue, or the one with the id `id`.

        A catalogue has categories, options, texts in German and English, limits and defaults.
        """
        catalogue_id = query(request, CatalogueQuery).id
        catalogues = self._catalogues
        catalogue = await catalogues.get(catalogue_id) if catalogue_id else catalogues.current
        etag = f'"{catalogue.revision[:32]}"'
        headers = {"etag": etag, "cache-control": "public, max-age=60"}
        if has(request, etag):
            return Response(status_code=304, headers=headers)
        return Response(catalogues.json(catalogue), media_type="application/json", headers=headers)

    @post(
        "/api/price",
        PriceAnswer,
        body=PriceRequest,
        codes=["unusable_selection", "unknown_catalogue"],
        tag="catalogue",
        limit="read",
        away="unavailable",
    )
    async def price(self, request: Request) -> Response:
        """Price a selection without storing anything."""
        asked = await body(request, PriceRequest)
        catalogues = self._catalogues
        catalogue = await catalogues.get(asked.catalogue) if asked.catalogue else catalogues.current
        try:
            selection = selection_from_json(catalogue, asked.selection)
        except SelectionInvalid as problem:
            raise Refused("unusable_selection", detail=str(problem)[:300]) from None
        return json(
            PriceAnswer(
                catalogue=catalogue.id,
                selection=dict(selection),
                derived=derive(catalogue, selection),
            )
        )

    @get(
        PREVIEW_PREFIX + "/{path:path}.svg",
        str,
        query=[PictureQuery],
        media=["image/svg+xml"],
        also={307: None},
        codes=["page_not_found"],
        tag="catalogue",
        limit="picture",
    )
    async def picture(self, request: Request) -> Response:
        """A picture of a house as SVG.

        The address determines the whole content, which therefore never changes. Captions are
        German, or English with ?lang=en.
        """
        try:
            key = parse_path(request.path_params["path"])
        except PreviewUnknown:
            raise Refused("page_not_found") from None
        if key.path != request.path_params["path"]:
            asked = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"{PREVIEW_PREFIX}/{key.path}.svg{asked}")
        return Response(
            await self._picture(request, key),
            media_type="image/svg+xml",
            headers={
                "cache-control": "public, max-age=31536000, immutable",
                "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
            },
        )

    async def _picture(self, request: Request, key: PreviewKey) -> str:
        language: Language = "en" if query(request, PictureQuery).lang == "en" else "de"
        named = (key.path, language)
        drawn = self._pictures.get(named)
        if drawn is None:
            self._requests.charge("picture", network_in(request.scope), DRAWING_COST - 1)
            drawn = await to_thread(render, key, language)
            self._pictures[named] = drawn
        return drawn
