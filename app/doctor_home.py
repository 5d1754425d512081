"""What `nest doctor` says about NEST_HOME: who uses it, what is free there, what `nest run` will find."""

from shutil import disk_usage
from typing import Final

from app.append_only import DAMAGED_NAMES
from app.embedded import POSTGRES_MAJOR, data_version
from app.finding import Finding
from app.settings import Settings

MB: Final = 1_000_000
SPACE_NEEDED: Final = 200 * MB
SPACE_WANTED: Final = 1_000 * MB
"""The embedded servers' logs and the write-ahead log grow within minutes under load."""


def look_at_home(settings: Settings, *, running: bool) -> list[Finding]:
    """What is said of it; `settings` are those beside a running stack."""
    state = "in use by `nest run`" if running else "not in use"
    return [
        Finding(state="ok", subject="home", text=f"{settings.home.resolve()} {state}"),
        *_other_version(settings),
        *_set_aside(settings),
        *_space(settings),
    ]


def _other_version(settings: Settings) -> list[Finding]:
    """Data that `nest run` does not start with. With a DATABASE_URL nobody reads them."""
    directory = settings.home.resolve() / "postgres"
    try:
        found = data_version(directory)
    except OSError:  # of another user
        found = None
    if settings.database_url or found in {None, POSTGRES_MAJOR}:
        return []
    return [
        Finding(
            state="wrong",
            subject="home",
            text=f"{directory} was made by PostgreSQL {found}, and this release brings "
            f"{POSTGRES_MAJOR}: `nest run` does not start",
            mend="Take the data over: nest upgrade-data. The old ones are kept.",
        )
    ]


def _set_aside(settings: Settings) -> list[Finding]:
    """Copies of what Valkey could not read, which stay until somebody removes them."""
    found = sorted(settings.home.resolve().glob(DAMAGED_NAMES))
    if not found:
        return []
    more = f" (and {len(found) - 1} older)" if len(found) > 1 else ""
    return [
        Finding(
            state="note",
            subject="home",
            text=f"a damaged append-only file was set aside as {found[-1]}{more}: interactions "
            "that were not stored yet may be in it only",
            mend="Remove it when nobody wants to look into it any more; the ledger of the admin "
            "pages says how many are missing.",
        )
    ]


def _space(settings: Settings) -> list[Finding]:
    """What is free where NEST_HOME is, or will be."""
    home = settings.home.resolve()
    there = next(each for each in (home, *home.parents) if each.exists())
    free = disk_usage(there).free
    if free >= SPACE_WANTED:
        return []
    return [
        Finding(
            state="wrong" if free < SPACE_NEEDED else "note",
            subject="home",
            text=f"{free // MB} MB are free at {there}",
            mend="Make room: without it PostgreSQL and Valkey refuse to write, and stop.",
        )
    ]
