"""The stack that `nest run` keeps in a NEST_HOME: whether it runs, and where it answers.

`nest run` notes its address in the directory it has locked. The note of a run that was killed is
left behind, so it counts only while somebody holds the lock.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from app.embedded import embedded_postgres, embedded_valkey, login_url
from app.exclusive import AlreadyInUseError, locked_home
from app.settings import Settings, without_secrets
from storage.postgres.roles import ANALYTICS, WEB, WORKER

NOTE: Final = "address.json"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where a running stack listens, and what its links start with.

    `database` is its DATABASE_URL without secrets; "": it has an embedded server of its own.
    """

    host: str
    port: int
    public_url: str
    database: str = ""


def note_address(settings: Settings) -> None:
    """Write down where this stack answers, for the other commands of this NEST_HOME."""
    address = Address(
        host=settings.host,
        port=settings.port,
        public_url=settings.public_url,
        database=_place(settings.database_url),
    )
    fresh = settings.home / f"{NOTE}.new"
    fresh.write_bytes(msgspec.json.encode(address))
    fresh.replace(settings.home / NOTE)


def is_running(settings: Settings) -> bool:
    """Whether a supervisor holds this NEST_HOME."""
    if not (settings.home / "lock").exists():
        return False
    try:
        with locked_home(settings.home):
            return False
    except AlreadyInUseError:
        return True


def embedded_urls(settings: Settings) -> tuple[str, str]:
    """Addresses of the embedded PostgreSQL and Valkey of this NEST_HOME, running or not."""
    return embedded_postgres(settings.home).url, embedded_valkey(settings.home).url


def with_embedded_logins(settings: Settings, owner_url: str) -> Settings:
    """The settings with the embedded PostgreSQL, and a login of it for each kind of process."""
    return replace(
        settings,
        database_url=owner_url,
        web_database_url=login_url(owner_url, WEB),
        worker_database_url=login_url(owner_url, WORKER),
        analytics_database_url=login_url(owner_url, ANALYTICS),
    )


def beside_running(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """The settings, with what the running stack of this NEST_HOME knows and `environ` leaves open.

    Without a running stack, or where `environ` names another database, they stay as they are.
    """
    if not is_running(settings):
        return settings
    address = _noted(settings.home / NOTE)
    if settings.database_url:
        if address is None or address.database != _place(settings.database_url):
            return settings
    else:
        database_url, redis_url = embedded_urls(settings)
        settings = with_embedded_logins(settings, database_url)
        settings = replace(settings, redis_url=settings.redis_url or redis_url)
    if address is None:
        return settings
    given = {name for name in ("HOST", "PORT", "NEST_PUBLIC_URL") if environ.get(name, "").strip()}
    if not given & {"HOST", "PORT"}:
        settings = replace(settings, host=address.host, port=address.port)
    if not given:
        settings = replace(settings, public_url=address.public_url)
    return settings


def _place(database_url: str) -> str:
    return without_secrets(database_url) if database_url else ""


def _noted(note: Path) -> Address | None:
    try:
        return msgspec.json.decode(note.read_bytes(), type=Address)
    except (OSError, msgspec.DecodeError):
        return None
