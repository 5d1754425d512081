"""Which migrations there are, by the names of their files: known without loading Alembic.

Every process asks for the newest one when it starts; a test holds the answer against Alembic's.
"""

from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).parent.parent / "migrations"


@cache
def head_revision(scripts: Path = SCRIPTS) -> str:
    """The newest revision among the migration files, whose names begin with their revision."""
    files = (scripts / "versions").glob("[!_]*.py")
    newest = max((file.stem.partition("_")[0] for file in files), default="")
    if not newest:
        raise RuntimeError("there are no migrations")
    return newest
