"""An op of ours that the log told us of before its commit was answered."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

from typing_extensions import override

from app.chance import Chance
from app.parts.stores import StoresPart
from app.settings.settings import Settings
from storage.postgres.configurations.commit.committer import Committer
from storage.postgres.configurations.commit.statement import CommitRequest, CommitResult
from storage.redis.bus.bus import Bus
from tests.realtime.clients import joined, select
from tests.realtime.conftest import StartWeb


class LateAnswers(Committer):
    """Answers a commit only after `before` was done."""

    before: Callable[[], Awaitable[None]] | None = None

    @override
    async def commit(self, request: CommitRequest) -> CommitResult:
        result = await super().commit(request)
        if self.before is not None:
            await self.before()
        return result


async def test_other_processes_are_told_all_the_same(start_web: StartWeb) -> None:
    published: list[bytes] = []

    class NotingBus(Bus):
        @override
        def publish(self, channel: str, payload: bytes) -> None:
            published.append(payload)
            super().publish(channel, payload)

    def stores_of(settings: Settings, chance: Chance) -> StoresPart:
        stores = StoresPart.of(settings, chance, bus_of=NotingBus)
        return replace(stores, committer=LateAnswers(stores.database, deadline_seconds=5))

    web = await start_web(stores_of=stores_of)
    api = web.api()
    created = await api.create()
    async with joined(web.ws_url, api.token or "", created["code"]) as author:
        room = await web.parts.editing.hub.room(UUID(created["id"]))
        committer = web.parts.stores.committer
        assert isinstance(committer, LateAnswers)
        committer.before = room.catch_up
        published.clear()
        outcome = await author.op(created["id"], select("nest", "nest120"))
        assert outcome["version"] == 1
        assert [frame["version"] for frame in author.frames if frame["type"] == "op"] == [1]
        assert [payload[:1] for payload in published].count(b"o") == 1
