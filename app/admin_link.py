"""Credentials of admins: a link that logs a browser in once, or a token for a program.

Only hashes are stored. A program gets its token here, from an operator with write access to the
database, and not from a browser's login: an injected script can read everything that a page can read.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from realtime.people.auth import ADMIN_SESSION_TTL
from realtime.people.principal import token_sha256
from storage.postgres.engine import Database
from storage.postgres.people.admins import Admins
from storage.postgres.service.audit import Actor, Audit, Recorder
from storage.postgres.service.audit_chain import AuditKey

LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Minter:
    """The operator who mints; `key` signs the line of the audit about it."""

    key: AuditKey
    actor: Actor

    def of(self, database: Database) -> Recorder:
        """A recorder that writes to the audit of this database."""
        return Audit(database, self.key).by(self.actor)


async def mint_admin_link(
    database_url: str, public_url: str, name: str | None = None, *, minter: Minter | None = None
) -> str:
    """A new link, valid for one login within `LIFE`; the audit calls the admin who uses it `name`.

    Raises StorageUnavailable.
    """
    token = secrets.token_urlsafe(32)
    async with Database(database_url, pool_size=1, application_name="nest admin-link") as database:
        expires_at, by = datetime.now(UTC) + LIFE, minter.of(database) if minter else None
        await Admins(database).mint_link(token_sha256(token), expires_at, name=name, by=by)
    return f"{public_url}/admin/login#{token}"


async def mint_admin_token(
    database_url: str, name: str | None = None, *, minter: Minter | None = None
) -> str:
    """The bearer token of a new admin session, valid for `ADMIN_SESSION_TTL`.

    `POST /api/admin/logout` with it ends it earlier. Raises StorageUnavailable.
    """
    token = secrets.token_urlsafe(32)
    async with Database(database_url, pool_size=1, application_name="nest admin-link") as database:
        expires_at, by = (
            datetime.now(UTC) + ADMIN_SESSION_TTL,
            minter.of(database) if minter else None,
        )
        await Admins(database).open_session(token_sha256(token), expires_at, name=name, by=by)
    return token
