"""An op of ours that the log told us of before its commit was answered."""

from uuid import UUID

from storage.postgres.committer import CommitRequest, CommitResult
from tests.realtime.clients import joined, select
from tests.realtime.conftest import RunningWeb


async def test_other_processes_are_told_all_the_same(web: RunningWeb) -> None:
    api = web.api()
    created = await api.create()
    async with joined(web.ws_url, api.token or "", created["code"]) as author:
        room = await web.parts.hub.room(UUID(created["id"]))
        commit, publish = web.parts.committer.commit, web.parts.bus.publish
        published: list[bytes] = []

        async def committed_and_read(request: CommitRequest) -> CommitResult:
            result = await commit(request)
            await room.catch_up()
            return result

        def noted(channel: str, payload: bytes) -> None:
            published.append(payload)
            publish(channel, payload)

        web.parts.committer.commit = committed_and_read  # type: ignore[method-assign]
        web.parts.bus.publish = noted  # type: ignore[method-assign]
        outcome = await author.op(created["id"], select("nest", "nest120"))
        assert outcome["version"] == 1
        assert [frame["version"] for frame in author.frames if frame["type"] == "op"] == [1]
        assert [payload[:1] for payload in published].count(b"o") == 1
