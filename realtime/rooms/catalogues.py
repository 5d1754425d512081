"""The published catalogues of this process: parsed once, immutable, the current one first."""

import msgspec
import structlog

from configurator.catalogue.model import Catalogue
from configurator.catalogue.reading import parse_catalogue
from configurator.errors import CatalogueInvalid
from configurator.protocol.codes import Refused
from storage.postgres.configurations.catalogues import Catalogues

CATALOGUE_ID_MAX = 64

log = structlog.get_logger(__name__)


class ParsedCatalogues:
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
            try:
                known = parse_catalogue(stored.document, source=catalogue_id)
            except CatalogueInvalid as problems:
                # Published by code that knew less about what is wrong with a catalogue.
                log.error("catalogue_unusable", catalogue=catalogue_id, problems=str(problems))  # noqa: TRY400 - the problems say more than where they were found
                raise Refused("unknown_catalogue", detail=catalogue_id) from problems
            self._known[catalogue_id] = known
        return known

    def json(self, catalogue: Catalogue) -> str:
        """The body of ``GET /api/catalogue``, made once per catalogue."""
        if catalogue.id not in self._json:
            self._json[catalogue.id] = msgspec.json.encode(catalogue.public()).decode()
        return self._json[catalogue.id]


def _plausible(catalogue_id: str) -> bool:
    return (
        len(catalogue_id) <= CATALOGUE_ID_MAX
        and catalogue_id.isascii()
        and catalogue_id.isprintable()
    )
