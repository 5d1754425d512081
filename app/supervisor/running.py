"""The stack that `nest run` runs in a NEST_HOME: whether it runs, and its address.

`nest run` writes its address into the directory that it has locked. The note of a killed run is left
behind, so it counts only while a process holds the lock.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from app.embedded.servers import embedded_postgres, embedded_valkey, login_url
from app.settings.settings import Settings, without_secrets
from app.supervisor.exclusive import AlreadyInUseError, locked_home
from storage.postgres.schema.roles import ANALYTICS, WEB, WORKER

NOTE: Final = "address.json"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """The address of a running stack, and the beginning of its links.

    `database` is its DATABASE_URL without secrets; "" if it has its own embedded server.
    """

    host: str
    port: int
    public_url: str
    database: str = ""


def note_address(settings: Settings) -> None:
    """Write down the address of this stack, for the other commands of this NEST_HOME."""
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
    """The settings with the embedded PostgreSQL, and its login for each kind of process."""
    return replace(
        settings,
        database_url=owner_url,
        web_database_url=login_url(owner_url, WEB),
        worker_database_url=login_url(owner_url, WORKER),
        analytics_database_url=login_url(owner_url, ANALYTICS),
    )


def beside_running(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """The settings, completed from the running stack of this NEST_HOME where `environ` is silent.

    Without a running stack, or if `environ` names another database, they stay unchanged.
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
