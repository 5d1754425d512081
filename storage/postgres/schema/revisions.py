"""Reads the newest migration from the file names, without loading Alembic.

Every process asks for it at its start; a test compares the answer with Alembic's.
"""

from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "migrations"


@cache
def head_revision(scripts: Path = SCRIPTS) -> str:
    """The newest revision among the migration files, whose names begin with their revision."""
    files = (scripts / "versions").glob("[!_]*.py")
    newest = max((file.stem.partition("_")[0] for file in files), default="")
    if not newest:
        raise RuntimeError("there are no migrations")
    return newest
