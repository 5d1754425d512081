"""Notices that a backup was restored, and stores the later events again."""

import structlog

from storage.postgres.deployment import Deployment
from storage.postgres.engine import Database
from storage.redis.activity.stream_group import StreamGroup
from workers.schedule import HISTORY, Chore

log = structlog.get_logger()

EVERY_SECONDS = 5.0


def history_chore(database: Database, group: StreamGroup) -> Chore:
    """Makes the group read the stream again when the epoch of the database changes."""
    deployment = Deployment(database)

    async def follow() -> None:
        epoch = await deployment.epoch()
        if await group.follow(epoch):
            log.warning("stream_read_again", epoch=str(epoch))

    return Chore(name=HISTORY, every_seconds=EVERY_SECONDS, run=follow)
