"""`nest admin-sessions`: which admin sessions are open, and how to end them without a browser."""

import argparse
import asyncio
import getpass
import sys
from datetime import datetime
from typing import Final

import msgspec

from app.audit_key import audit_key
from app.chance import now
from app.settings import Settings
from realtime.news import SESSIONS_ENDED
from storage.errors import StorageUnavailable
from storage.postgres.admins import Admins, AdminSession
from storage.postgres.audit import Actor, Audit
from storage.postgres.engine import Database
from storage.redis.client import Redis
from storage.redis.telling import publish_once

_UNTOLD: Final = "nest: Redis cannot be used. What is open ends within 10 seconds instead of one."


def run(settings: Settings, options: argparse.Namespace) -> int:
    """`nest admin-sessions list|end`; 1 where a session that was named is not open."""
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
