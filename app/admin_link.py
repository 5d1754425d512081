"""How an admin gets in: a link that logs a browser in, once, or a token for a program.

Only hashes are stored. A program gets its token here, from whoever may write to the database, and
not from the login of a browser: what a page can read, a script that slipped into it can read, too.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from realtime.auth import ADMIN_SESSION_TTL
from realtime.principal import token_sha256
from storage.postgres.admins import Admins
from storage.postgres.audit import Actor, Audit, Recorder
from storage.postgres.audit_chain import AuditKey
from storage.postgres.engine import Database

LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Minter:
    """Who mints: the line of the audit that says so is signed with `key`."""

    key: AuditKey
    actor: Actor

    def of(self, database: Database) -> Recorder:
        """Writes into the audit of this database."""
        return Audit(database, self.key).by(self.actor)


async def mint_admin_link(
    database_url: str, public_url: str, name: str | None = None, *, minter: Minter | None = None
) -> str:
    """A new link, good for one login within `LIFE`; the audit calls whoever uses it `name`.

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
    """The bearer token of a new admin session, good for `ADMIN_SESSION_TTL`.

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
