"""`nest privacy`: everything about somebody, as one document, or gone."""

import argparse
import asyncio
import sys

import msgspec

from app.audit_key import operator
from app.chance import new_id, new_key, now
from app.settings import Settings
from realtime.privacy import PrivacyOffice, SubjectUnknown
from storage.postgres.audit import Audit
from storage.postgres.engine import Database, Deadlines
from storage.postgres.privacy import Privacy
from storage.redis.client import Redis
from storage.redis.traces import Traces

PATIENT = Deadlines(lock=10.0, statement=60.0, call=120.0)
"""A long visit is erased in one transaction, and nobody waits for the answer of a page."""


def run(settings: Settings, options: argparse.Namespace) -> int:
    """`nest privacy export|erase SUBJECT`."""
    if options.step == "erase" and not options.yes and not _confirmed(options.subject):
        print("nest: nothing was erased.", file=sys.stderr)
        return 1
    try:
        document = asyncio.run(_do(settings, options.step, options.subject))
    except SubjectUnknown:
        print("nest: nothing is known of this subject.", file=sys.stderr)
        return 1
    print(msgspec.json.format(document, indent=2).decode())
    return 0


async def _do(settings: Settings, step: str, subject: str) -> bytes:
    key, actor = operator(settings, "nest privacy")
    database = Database(
        settings.database_url, pool_size=2, deadlines=PATIENT, application_name="nest privacy"
    )
    async with database, Redis(settings.redis_url, pool_size=2) as redis:
        office = PrivacyOffice(
            privacy=Privacy(
                database,
                new_id=new_id,
                new_secret=new_key,
            ),
            traces=Traces(redis),
            audit=Audit(database, key),
            now=now,
        )
        if step == "export":
            return msgspec.json.encode(await office.export(subject, actor=actor))
        return msgspec.json.encode(await office.erase(subject, actor=actor))


def _confirmed(subject: str) -> bool:
    """Typed once more by a person; a program says --yes."""
    if not sys.stdin.isatty():
        print("nest: to erase without being asked, say --yes.", file=sys.stderr)
        return False
    print("This cannot be undone. Type the subject again to erase it: ", end="", file=sys.stderr)
    sys.stderr.flush()
    return sys.stdin.readline().strip() == subject.strip()
