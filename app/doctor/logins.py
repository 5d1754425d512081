"""The findings of `nest doctor` about the logins of processes, and about the key of the audit."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final

from app.audit_key import FILE, KEY_BYTES_MIN
from app.settings.settings import Settings
from storage.errors import StorageError
from storage.postgres.failures import refuses_login
from storage.postgres.schema.lacking import lacking_rights
from storage.postgres.schema.roles import (
    ANALYTICS,
    ROLES,
    WEB,
    WORKER,
    Login,
    changed_settings,
    login_at,
)
from storage.postgres.service.audit import newest_key_id
from storage.postgres.service.audit_chain import AuditKey

MEND: Final = "Make a login for each kind of process: docs/running.md, Logins."
MEND_WRONG: Final = "How a login is made, and gets its rights: docs/running.md, Logins."
RIGHTS_SHOWN: Final = 5
LOOK_SECONDS: Final = 8.0
"""Seconds for all questions to one server with one login: longer than a first connection (5 s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logins:
    """Sentences about logins: good ones, improvable ones, and ones that cannot work."""

    well: str
    better: tuple[str, ...]
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The rights of one login; ``failed``: why they could not be read."""

    login: Login | None = None
    lacking: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    failed: Exception | None = None


async def see_logins(settings: Settings) -> Mapping[str, Seen]:
    """The rights of the logins of the processes, by kind of process.

    All are read at the same time, so that servers that do not answer cost `LOOK_SECONDS` in total.
    """
    async with asyncio.TaskGroup() as group:
        looks = {
            kind: group.create_task(_see(url, role), name=f"see the login of {kind}")
            for kind, (url, role) in _kinds(settings).items()
        }
    return {kind: look.result() for kind, look in looks.items()}


def look_at_logins(settings: Settings, seen: Mapping[str, Seen], *, database_works: bool) -> Logins:
    """The sentences about the logins, also about those with more rights than they need.

    `database_works`: the login of DATABASE_URL works. If not, only refused logins are reported.
    """
    said, better, wrong = [], [], []
    for kind, (url, _role) in _kinds(settings).items():
        found = seen[kind]
        login, lacking = found.login, found.lacking
        if login is None:
            refused = isinstance(found.failed, StorageError) and refuses_login(found.failed)
            # Otherwise the finding about the database reports it.
            if url != settings.database_url and (database_works or refused):
                wrong.append(f"the login of the {kind} does not work: {found.failed}")
            continue
        said.append(f"{kind} {login.name}")
        if lacking:
            wrong.append(
                f"{login.name}, the login of the {kind}, lacks {_some(lacking)}: `nest migrate` as "
                "the owner gives the roles what they need"
            )
        if found.changed:
            better.append(f"{login.name} has settings of its own: {', '.join(found.changed)}")
        if login.owns:
            better.append(
                f"{kind} log in as {login.name}, who may change everything, also the audit"
            )
    return Logins(well=", ".join(said), better=tuple(better), wrong=tuple(wrong))


def _kinds(settings: Settings) -> Mapping[str, tuple[str, str]]:
    """The address and the role of each kind of process."""
    return {
        "web processes": (settings.for_web, WEB),
        "workers": (settings.for_worker, WORKER),
        "figures": (settings.for_analytics, ANALYTICS),
    }


async def _see(url: str, role: str) -> Seen:
    try:
        async with within(LOOK_SECONDS):
            login = await login_at(url)
            lacking = await lacking_rights(url, role)
            changed = await changed_settings(url) if login.name in ROLES else ()
    except (StorageError, OSError, ValueError) as error:
        return Seen(failed=error)
    return Seen(login=login, lacking=lacking, changed=changed)


@contextlib.asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Bound a question to a server. Raises TimeoutError, which names the seconds."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as late:
        raise (late if str(late) else TimeoutError(f"no answer within {seconds:g} s")) from None


def _some(rights: tuple[str, ...]) -> str:
    more = f" and {len(rights) - RIGHTS_SHOWN} more" if len(rights) > RIGHTS_SHOWN else ""
    return ", ".join(rights[:RIGHTS_SHOWN]) + more


async def wrong_key(settings: Settings) -> tuple[str, ...]:
    """The problems of the key of the audit. Does not make a key."""
    secret, said = settings.audit_key.encode(), []
    file = settings.home / FILE
    if not secret:
        try:
            mode = file.stat().st_mode
            secret = file.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            return (f"{file}, the key of the audit, cannot be read: {error}",)
        if mode & 0o077:
            said.append(f"{file}, the key of the audit, can be read by others: chmod 600")
        if len(secret.strip()) < KEY_BYTES_MIN:
            return (*said, f"{file}, the key of the audit, has fewer than {KEY_BYTES_MIN} bytes")
    with contextlib.suppress(StorageError, OSError, ValueError):  # reported with the login
        async with within(LOOK_SECONDS):
            used = await newest_key_id(settings.database_url)
        if used not in {None, AuditKey(secret).id}:
            said.append(f"the newest line of the audit is signed with another key ({used})")
    return tuple(said)


def key_in_file(settings: Settings, environ: Mapping[str, str]) -> str | None:
    """A sentence if processes of several machines would not have the same key."""
    if settings.audit_key or not environ.get("DATABASE_URL", "").strip():
        return None
    return (
        f"NEST_AUDIT_KEY is not set: the audit is signed with {settings.home}/audit.key, which other "
        "machines do not have"
    )
