"""What `nest doctor` says about the logins of processes, and about the key of the audit."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.audit_key import FILE, KEY_BYTES_MIN
from app.settings import Settings
from storage.errors import StorageError
from storage.postgres.audit import newest_key_id
from storage.postgres.audit_chain import AuditKey
from storage.postgres.failures import refuses_login
from storage.postgres.lacking import lacking_rights
from storage.postgres.roles import ANALYTICS, ROLES, WEB, WORKER, changed_settings, login_at

MEND: Final = "Make a login for each kind of process: docs/operations.md, Logins."
MEND_WRONG: Final = "How a login is made, and gets its rights: docs/operations.md, Logins."
RIGHTS_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Logins:
    """Sentences: what is well, what could be better, what cannot work."""

    well: str
    better: tuple[str, ...]
    wrong: tuple[str, ...]


async def look_at_logins(settings: Settings, *, database_works: bool) -> Logins:
    """The logins of the processes, and those of them that may do more than they need.

    `database_works`: with the login of DATABASE_URL. Else only refused logins are told of.
    """
    kinds = {
        "web processes": (settings.for_web, WEB),
        "workers": (settings.for_worker, WORKER),
        "figures": (settings.for_analytics, ANALYTICS),
    }
    said, better, wrong = [], [], []
    for kind, (url, role) in kinds.items():
        try:
            login = await login_at(url)
            lacking = await lacking_rights(url, role)
        except (StorageError, OSError, ValueError) as error:
            refused = isinstance(error, StorageError) and refuses_login(error)
            # Else it is told where the database is told.
            if url != settings.database_url and (database_works or refused):
                wrong.append(f"the login of the {kind} does not work: {error}")
            continue
        said.append(f"{kind} {login.name}")
        if lacking:
            wrong.append(
                f"{login.name}, the login of the {kind}, lacks {_some(lacking)}: `nest migrate` as "
                "the owner gives the roles what they need"
            )
        if login.name in ROLES and (names := await changed_settings(url)):
            better.append(f"{login.name} has settings of its own: {', '.join(names)}")
        if login.owns:
            better.append(
                f"{kind} log in as {login.name}, who may change everything, also the audit"
            )
    return Logins(well=", ".join(said), better=tuple(better), wrong=tuple(wrong))


def _some(rights: tuple[str, ...]) -> str:
    more = f" and {len(rights) - RIGHTS_SHOWN} more" if len(rights) > RIGHTS_SHOWN else ""
    return ", ".join(rights[:RIGHTS_SHOWN]) + more


async def wrong_key(settings: Settings) -> tuple[str, ...]:
    """What is wrong with the key of the audit. Makes none."""
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
    with contextlib.suppress(StorageError, OSError, ValueError):  # told where the login is told
        used = await newest_key_id(settings.database_url)
        if used not in {None, AuditKey(secret).id}:
            said.append(f"the newest line of the audit is signed with another key ({used})")
    return tuple(said)


def key_in_file(settings: Settings, environ: Mapping[str, str]) -> str | None:
    """What to say where processes of several machines would not have the same key."""
    if settings.audit_key or not environ.get("DATABASE_URL", "").strip():
        return None
    return (
        f"NEST_AUDIT_KEY is not set: the audit is signed with {settings.home}/audit.key, which other "
        "machines do not have"
    )
