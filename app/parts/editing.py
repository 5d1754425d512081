"""Editing together in a web process: catalogues, rooms, and actions on configurations."""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Self

from typing_extensions import override

from app.parts.catalogue import current_catalogue
from app.parts.part import ProcessPart
from app.parts.people import PeoplePart
from app.parts.stores import StoresPart
from app.settings.settings import Settings
from realtime.actions.configurations import Actions
from realtime.actions.sharing import Sharing
from realtime.activity.service.privacy import Forgotten
from realtime.rooms.catalogues import ParsedCatalogues
from realtime.rooms.hub import Hub
from realtime.rooms.parts import RoomParts
from storage.postgres.configurations.catalogues import Catalogues
from storage.postgres.people.access_list import AccessLists
from storage.redis.activity.traces import FORGOTTEN


@dataclass(frozen=True, kw_only=True)
class EditingPart(ProcessPart):
    """The rooms of this process and the actions on configurations."""

    catalogues: ParsedCatalogues
    hub: Hub
    actions: Actions
    sharing: Sharing

    @classmethod
    def of(cls, settings: Settings, stores: StoresPart, people: PeoplePart) -> Self:
        """Builds it; every channel of the bus without another listener belongs to a room."""
        chance, configurations = stores.chance, stores.configuration_stores
        catalogues = ParsedCatalogues(
            current=current_catalogue(), published=Catalogues(stores.database)
        )
        hub = _hub(settings, stores, catalogues)
        stores.channels.otherwise(hub.hear)
        stores.channels.on_gap(hub.suspect_all)
        stores.news.on(FORGOTTEN, Forgotten, lambda forgotten: hub.forget_authors(forgotten.houses))
        actions = Actions(
            hub=hub,
            stores=configurations,
            grants=people.grants,
            catalogues=catalogues,
            looks=people.looks,
            tell_renamed=people.tell_renamed,
            now=chance.now,
            new_id=chance.new_id,
            new_session_key=chance.new_session_key,
            scale=settings.limit_scale,
        )
        sharing = Sharing(
            actions=actions,
            hub=hub,
            grants=people.grants,
            stores=configurations,
            lists=AccessLists(stores.database),
            news=stores.news,
            now=chance.now,
            new_id=chance.new_id,
            public_url=settings.public_url,
            scale=settings.limit_scale,
        )
        return cls(catalogues=catalogues, hub=hub, actions=actions, sharing=sharing)

    @override
    def lifetimes(self) -> Iterable[AbstractAsyncContextManager[object]]:
        return (self.hub,)


def _hub(settings: Settings, stores: StoresPart, catalogues: ParsedCatalogues) -> Hub:
    return Hub(
        parts=RoomParts(
            process=settings.node,
            configurations=stores.configuration_stores.configurations,
            committer=stores.committer,
            bus=stores.bus,
            turn_seconds=settings.database_deadline_seconds,
            now=stores.chance.now,
        ),
        catalogues=catalogues,
        presence=stores.presence,
    )
