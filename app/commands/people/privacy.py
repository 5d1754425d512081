"""`nest privacy`: exports all data about a person as one document, or erases it."""

import argparse
import asyncio
import sys
from collections.abc import Mapping

import msgspec

from app.audit_key import operator
from app.chance import new_id, new_key, now
from app.commands.stores import with_servers
from app.settings.settings import Settings
from realtime.activity.service.privacy import PersonalData, SubjectUnknown
from storage.postgres.engine import Database, Deadlines
from storage.postgres.people.privacy import Privacy
from storage.postgres.service.audit import Audit
from storage.redis.activity.traces import Traces
from storage.redis.client import Redis

HELP = (
    "Print all data about a person, a session or an e-mail address as one JSON document, or erase"
    " them: in tables, stream, dead letters, presence and the memory of the web processes. Counts"
    " are corrected in the same step. Exits with 1 if nothing is stored about the subject, or if "
    "you answer no."
)
EXAMPLE = (
    "nest privacy export 018f3c5e-... > about.json\n"
    "  nest privacy erase anna@example.org\n"
    "  nest privacy erase client_1732_x --yes"
)
PATIENT = Deadlines(lock=10.0, statement=60.0, call=120.0)
"""Long deadlines: a long visit is erased in one transaction, and no page waits for the answer."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the step (export or erase), and the person concerned."""
    parser.add_argument("step", choices=("export", "erase"), help="print all data, or erase them")
    parser.add_argument(
        "subject",
        metavar="SUBJECT",
        help="a person's id, a session's id (also one that its client made up), or the e-mail "
        "address of an inquiry",
    )
    parser.add_argument(
        "--yes", action="store_true", help="erase without asking; it cannot be undone"
    )


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Prints the document, or the receipt of the erasure."""
    settings = with_servers(settings, "privacy", environ)
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
        personal_data = PersonalData(
            privacy=Privacy(database, new_id=new_id, new_secret=new_key),
            traces=Traces(redis),
            audit=Audit(database, key),
            now=now,
        )
        if step == "export":
            return msgspec.json.encode(await personal_data.export(subject, actor=actor))
        return msgspec.json.encode(await personal_data.erase(subject, actor=actor))


def _confirmed(subject: str) -> bool:
    """Whether the operator types the subject again; programs use --yes instead."""
    if not sys.stdin.isatty():
        print("nest: to erase without a question, use --yes.", file=sys.stderr)
        return False
    print("This cannot be undone. Type the subject again to erase it: ", end="", file=sys.stderr)
    sys.stderr.flush()
    return sys.stdin.readline().strip() == subject.strip()
