"""`nest admin-sessions`: lists the open admin sessions, and ends them without a browser."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from app.audit_key import audit_key
from app.chance import now
from app.commands.stores import with_servers
from app.settings.settings import Settings
from realtime.process.news import SESSIONS_ENDED
from storage.errors import StorageUnavailable
from storage.postgres.engine import Database
from storage.postgres.people.admins import Admins, AdminSession
from storage.postgres.service.audit import Actor, Audit
from storage.redis.client import Redis
from storage.redis.one_message import publish_once

HELP = (
    "List the open admin sessions, or end them: their pages and sockets end within a second, on "
    "every web process. Exits with 1 if a named session is not open."
)
EXAMPLE = (
    "nest admin-sessions list\n  nest admin-sessions end 3fa9c1e07b52\n"
    "  nest admin-sessions end --all"
)
_UNTOLD: Final = (
    "nest: Redis cannot be used. Open pages and sockets end within 10 seconds instead of one."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the choice between listing sessions and ending some or all."""
    parser.set_defaults(sessions=[], all=False)
    acts = parser.add_subparsers(title="acts", metavar="ACT", dest="act", required=True)
    listed = acts.add_parser("list", help="list the open sessions, the one used last first")
    listed.add_argument("--json", action="store_true", help="one JSON object a line")
    ended = acts.add_parser("end", help="end some or all sessions, with their pages and sockets")
    ended.add_argument("sessions", nargs="*", metavar="SESSION", help="id of a session, as listed")
    ended.add_argument("--all", action="store_true", help="every session")


def run(settings: Settings, options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Lists or ends sessions; returns 1 if a named session is not open."""
    settings = with_servers(settings, "admin-sessions", environ)
    return asyncio.run(_do(settings, options))


async def _do(settings: Settings, options: argparse.Namespace) -> int:
    async with Database(
        settings.database_url, pool_size=1, application_name="nest admin-sessions"
    ) as database:
        admins = Admins(database)
        found = await admins.listed(now())
        if options.act == "list":
            _show(found, as_json=options.json)
            return 0
        chosen = [each for each in found if options.all or each.id in options.sessions]
        by = Audit(database, audit_key(settings)).by(
            Actor(f"nest admin-sessions, {getpass.getuser()}")
        )
        sessions = [each.token_sha256 for each in chosen]
        ended = await admins.revoke(sessions, now(), by=by)
    if sessions:
        await _tell(settings, sessions)
    print(f"Ended: {len(ended)}.")
    unknown = set(options.sessions) - {each.id for each in chosen}
    for each in sorted(unknown):
        print(f"nest: {each} is not open.", file=sys.stderr)
    return 1 if unknown else 0


async def _tell(settings: Settings, sessions: list[bytes]) -> None:
    try:
        async with Redis(settings.redis_url, pool_size=2) as redis:
            await publish_once(redis, SESSIONS_ENDED, msgspec.json.encode(sessions))
    except StorageUnavailable:
        print(_UNTOLD, file=sys.stderr)


def _show(sessions: list[AdminSession], *, as_json: bool) -> None:
    for each in sessions:
        if as_json:
            print(msgspec.json.encode(_row(each)).decode())
            continue
        where = f"{each.network or 'program'}  {each.user_agent or ''}".rstrip()
        print(
            f"{each.id}  {each.name or '-'}  begun {_time(each.created_at)}"
            f"  used {_time(each.last_used_at)}  ends {_time(each.ends_at)}  {where}"
        )
    if not sessions and not as_json:
        print("No admin session is open.")


def _row(session: AdminSession) -> dict[str, object]:
    names = ("id", "name", "created_at", "last_used_at", "ends_at", "network", "user_agent")
    return {name: getattr(session, name) for name in names}


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
