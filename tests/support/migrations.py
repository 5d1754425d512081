"""Migrations that come after ours, as a later release would bring them."""

import shutil
from pathlib import Path

from storage.postgres.schema.revisions import SCRIPTS, head_revision

ALTERS = """
from alembic import op

revision = "{revision}"
down_revision = "{before}"
oldest_code = "{oldest_code}"


def upgrade():
    op.execute("ALTER TABLE configurations ADD COLUMN of_{revision} integer")
    op.execute("ALTER TABLE operations ADD COLUMN of_{revision} integer")
    op.execute("ALTER TABLE grants ADD COLUMN of_{revision} integer")
"""

INDEXES = """
from alembic import op

revision = "{revision}"
down_revision = "{before}"
oldest_code = "{oldest_code}"


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '10s'")
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY of_{revision} ON people (id)")
"""


def migrations(folder: Path, *, oldest_code: str = "", **more: str) -> Path:
    """Ours, and after them `more`: bodies by the name of their revision.

    `oldest_code` works beside them; that is ours, if nothing is said.
    """
    scripts = folder / f"migrations-{'-'.join(more)}"
    shutil.copytree(SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    before = head_revision()
    oldest_code = oldest_code or before
    for revision, body in more.items():
        file = scripts / "versions" / f"{revision}.py"
        file.write_text(body.format(revision=revision, before=before, oldest_code=oldest_code))
        before = revision
    return scripts


def migrations_until(folder: Path, revision: str) -> Path:
    """Ours, as the release had them whose newest one was `revision`."""
    shutil.copytree(SCRIPTS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (folder / "versions").glob("[0-9]*.py"):
        if file.name[: len(revision)] > revision:
            file.unlink()
    return folder
