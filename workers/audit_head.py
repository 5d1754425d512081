"""Notices if lines at the end of the audit were removed or rewritten."""

import structlog

from storage.postgres.deployment import Deployment
from storage.postgres.engine import Database
from storage.postgres.service.audit import AuditLines
from storage.redis.audit_head import KeptHead, KeptHeadUnreadable
from storage.redis.client import Redis
from workers.schedule import AUDIT_HEAD, Chore

log = structlog.get_logger()

EVERY_SECONDS = 5.0
"""The longest time in seconds during which the removal of a new line can go unnoticed."""


class AuditShortened(RuntimeError):
    """Lines of the audit were removed: `nest audit verify` says which."""


class AuditForged(RuntimeError):
    """The newest line has a number or a signature that no genuine line can have."""


def audit_head_chore(database: Database, redis: Redis) -> Chore:
    """Remembers the newest line; fails, which raises an alert, once that line is missing."""
    lines = AuditLines(database)

    async def keep_head() -> None:
        # Read the epoch each time: a restored backup has another epoch and an earlier end.
        kept = KeptHead(redis, await Deployment(database).epoch())
        try:
            known = await kept.read()
        except KeptHeadUnreadable as unreadable:
            log.critical("audit_head_unreadable", problem=str(unreadable))
            raise
        head = await lines.newest()
        if known is not None and await lines.line(known.id) != known:
            log.critical("audit_shortened", kept=known.id, found=head.id if head else 0)
            raise AuditShortened
        if head is not None and not head.whole:
            log.critical("audit_line_forged", line=head.id)
            raise AuditForged
        if head is not None and head != known:
            await kept.keep(head)
            log.info("audit_head", line=head.id, signature=head.short)

    return Chore(name=AUDIT_HEAD, every_seconds=EVERY_SECONDS, run=keep_head)
