"""The published catalogues of this process: parsed once, immutable, the current one first."""

import msgspec

from configurator.catalogue import Catalogue, catalogue_to_json, parse_catalogue
from configurator.protocol.codes import Refused
from storage.postgres.catalogues import Catalogues

CATALOGUE_ID_MAX = 64


class CatalogueShelf:
    """Catalogues by id. ``current`` is the one that new configurations use."""

    def __init__(self, *, current: Catalogue, published: Catalogues) -> None:
        self._published = published
        self._known = {current.id: current}
        self._json: dict[str, str] = {}
        self.current = current

    async def get(self, catalogue_id: str) -> Catalogue:
        """A catalogue by id. Raises Refused ``unknown_catalogue``, StorageUnavailable."""
        known = self._known.get(catalogue_id)
        if known is None:
            if not _plausible(catalogue_id):
                raise Refused("unknown_catalogue")
            stored = await self._published.get(catalogue_id)
            if stored is None:
                raise Refused("unknown_catalogue", detail=catalogue_id[:64])
            known = parse_catalogue(stored.document, source=catalogue_id)
            self._known[catalogue_id] = known
        return known

    def json(self, catalogue: Catalogue) -> str:
        """The body of ``GET /api/catalogue``, made once per catalogue."""
        if catalogue.id not in self._json:
            self._json[catalogue.id] = msgspec.json.encode(catalogue_to_json(catalogue)).decode()
        return self._json[catalogue.id]


def _plausible(catalogue_id: str) -> bool:
    return (
        len(catalogue_id) <= CATALOGUE_ID_MAX
        and catalogue_id.isascii()
        and catalogue_id.isprintable()
    )
