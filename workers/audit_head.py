"""Notices when the end of the audit is gone, or was written anew."""

import structlog

from storage.postgres.audit import AuditLines
from storage.postgres.deployment import Deployment
from storage.postgres.engine import Database
from storage.redis.audit_head import KeptHead, KeptHeadUnreadable
from storage.redis.client import Redis
from workers.schedule import AUDIT_HEAD, Chore

log = structlog.get_logger()

EVERY_SECONDS = 5.0
"""How old a line is at most when its removal can no longer go unnoticed."""


class AuditShortened(RuntimeError):  # noqa: N818 - what the failed chore is called
    """Lines that were in the audit are not in it any more: `nest audit verify` says which."""


class AuditForged(RuntimeError):  # noqa: N818 - what the failed chore is called
    """The newest line has a number or a signature that no line has."""


def audit_head_chore(database: Database, redis: Redis) -> Chore:
    """Keeps the newest line in mind; fails, which is an alert, from when it is gone."""
    lines = AuditLines(database)

    async def keep_head() -> None:
        # Read each time: a backup may be restored, with another epoch and an earlier end.
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
