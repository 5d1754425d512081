"""`nest audit verify`: whether every line of the audit is there as it was written."""

import argparse
import asyncio
import sys
from typing import Final

from app.audit_key import audit_key
from app.settings import Settings
from storage.errors import StorageUnavailable
from storage.postgres.audit import Audit
from storage.postgres.audit_chain import Break, Head
from storage.postgres.deployment import Deployment
from storage.postgres.engine import Database
from storage.redis.audit_head import KeptHead, KeptHeadUnreadable
from storage.redis.client import Redis

BREAKS_SHOWN: Final = 20
_WORDS: Final = {
    "changed": "was changed",
    "missing": "is missing, or what follows was put in",
    "number": "was put in: the first line has the number 1",
    "unsigned": "has no signature: somebody put it in or took the signature away; only lines of a "
    "release before November 2026 have none, until the first `nest migrate` of a later one",
    "after_unsigned": "follows a line without a signature, so that it cannot be proved",
    "other_key": "is signed with another key: set the NEST_AUDIT_KEY, or the NEST_HOME, of then",
}


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Says which lines are wrong; 0: none is."""
    return asyncio.run(_verify(settings, options.head, forget=options.forget_head))


async def _verify(settings: Settings, known: Head | None, *, forget: bool) -> int:
    broken = 0
    async with Database(
        settings.database_url, pool_size=1, application_name="nest audit"
    ) as database:
        try:
            known = known or await _kept(settings, database, forget=forget)
        except KeptHeadUnreadable as unreadable:
            broken += 1
            print(
                f"nest: {unreadable}. If the lines are right: `nest audit verify --forget-head`.",
                file=sys.stderr,
            )
        async for each in Audit(database, audit_key(settings)).verify(known):
            if isinstance(each, Head):
                print(_end(each, broken))
                continue
            broken += 1
            if broken <= BREAKS_SHOWN:
                print(f"nest: {_sentence(each)}.", file=sys.stderr)
    return 1 if broken else 0


async def _kept(settings: Settings, database: Database, *, forget: bool) -> Head | None:
    """The head that workers keep in Redis, if Redis is there."""
    if not settings.redis_url:
        return None
    async with Redis(settings.redis_url, pool_size=1) as redis:
        kept = KeptHead(redis, await Deployment(database).epoch())
        if forget:
            await kept.forget()
        try:
            return await kept.read()
        except StorageUnavailable as away:
            print(f"nest: without the head in Redis: {away}", file=sys.stderr)
            return None


def _sentence(found: Break) -> str:
    which = f"line {found.first}"
    if found.last > found.first:
        which = f"each of the lines {found.first} to {found.last}"
    return f"{which} {_WORDS[found.wrong]}"


def _end(head: Head, broken: int) -> str:
    if broken:
        return f"The audit is broken in {broken} place{'s' if broken > 1 else ''}."
    if not head.id:
        return "The audit has no lines."
    return f"The audit is whole, up to line {head.id}. Its head: {head}"
