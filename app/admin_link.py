"""A link that logs an admin in, once. Only its hash is stored."""

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from storage.postgres.admins import Admins
from storage.postgres.engine import Database

LIFE = timedelta(hours=1)


async def mint_admin_link(database_url: str, public_url: str) -> str:
    """A new link, good for one login within `LIFE`. Raises StorageUnavailable."""
    token = secrets.token_urlsafe(32)
    async with Database(database_url, pool_size=1, application_name="nest admin-link") as database:
        expires_at = datetime.now(UTC) + LIFE
        await Admins(database).mint_link(sha256(token.encode()).digest(), expires_at)
    return f"{public_url}/admin/login#{token}"
