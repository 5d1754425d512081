"""`nest migrate`: migrates to the newest schema and publishes the catalogues of this release."""

import argparse
import asyncio
from collections.abc import Mapping

from app.audit_key import audit_key
from app.commands.stores import with_database
from app.doctor.usable import require_usable
from app.release import release
from app.settings.settings import Settings

HELP = "Bring the database to the newest schema and publish the catalogue. Safe to repeat."
EXAMPLE = "DATABASE_URL=postgresql://nest@db/nest nest migrate"


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Adds no arguments: everything is in the settings."""


def run(settings: Settings, _options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Migrates, then prints the catalogues."""
    settings = with_database(settings, "migrate", environ)
    url = settings.database_url
    require_usable({"DATABASE_URL": url}, "")
    done = asyncio.run(release(url, audit_key(settings, url), settings.redis_url))
    what = f"Nothing to migrate: {done.note}." if done.note else "The database is migrated."
    print(f"{what} Catalogues: {', '.join(done.catalogues) or 'none'}.")
    return 0
