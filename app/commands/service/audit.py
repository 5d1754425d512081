"""`nest audit verify`: checks that every line of the audit is present and unchanged."""

import argparse
import asyncio
import sys
from collections.abc import Mapping
from typing import Final

from app.audit_key import audit_key
from app.commands.stores import with_database
from app.settings.settings import Settings
from storage.errors import StorageUnavailable
from storage.postgres.deployment import Deployment
from storage.postgres.engine import Database
from storage.postgres.service.audit import Audit
from storage.postgres.service.audit_chain import AuditHead, Break
from storage.redis.audit_head import KeptHead, KeptHeadUnreadable
from storage.redis.client import Redis

HELP = (
    "Verify the audit. Each line is signed together with the one before it, so the command can "
    "name every line that was changed or removed. Exits with 1 if there is one."
)
EXAMPLE = "nest audit verify\n  nest audit verify --head 57:9f86d081884c7d65..."
BREAKS_SHOWN: Final = 20
_WORDS: Final = {
    "changed": "was changed",
    "missing": "is missing, or the lines after it were inserted",
    "number": "was inserted: the first line has the number 1",
    "unsigned": "has no signature: somebody inserted it or removed the signature; only lines of a "
    "release before November 2026 have none, until the first `nest migrate` of a later one",
    "after_unsigned": "follows a line without a signature, so it cannot be verified",
    "other_key": "is signed with another key: set the NEST_AUDIT_KEY or the NEST_HOME of that time",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds a known head, and the option to forget the one in Redis."""
    acts = parser.add_subparsers(title="acts", metavar="ACT", dest="act", required=True)
    verify = acts.add_parser("verify", help="check that every line is there as it was written")
    verify.add_argument(
        "--head",
        type=_head,
        metavar="NUMBER:SIGNATURE",
        help="a head that was written down before (log line `audit_head`) instead of the one "
        "that workers keep in Redis: tells whether lines are missing at the end",
    )
    verify.add_argument(
        "--forget-head",
        action="store_true",
        help="accept the present lines as complete, for instance after a restore",
    )


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Prints the wrong lines; returns 0 if all are right."""
    settings = with_database(settings, "audit", environ)
    return asyncio.run(_verify(settings, options.head, forget=options.forget_head))


async def _verify(settings: Settings, known: AuditHead | None, *, forget: bool) -> int:
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
            if isinstance(each, AuditHead):
                print(_end(each, broken))
                continue
            broken += 1
            if broken <= BREAKS_SHOWN:
                print(f"nest: {_sentence(each)}.", file=sys.stderr)
    return 1 if broken else 0


async def _kept(settings: Settings, database: Database, *, forget: bool) -> AuditHead | None:
    """The head that workers keep in Redis; None if Redis has no head or is away."""
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


def _head(value: str) -> AuditHead:
    try:
        return AuditHead.parse(value)
    except ValueError:
        raise argparse.ArgumentTypeError(
            "must be like 57:9f86d081884c7d65, with 16 to 64 digits"
        ) from None


def _end(head: AuditHead, broken: int) -> str:
    if broken:
        return f"The audit is broken in {broken} place{'s' if broken > 1 else ''}."
    if not head.id:
        return "The audit has no lines."
    return f"The audit is complete up to line {head.id}. Its head: {head}"
