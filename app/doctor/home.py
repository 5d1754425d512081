"""The findings of `nest doctor` about NEST_HOME: its user, free space, data for `nest run`."""

from shutil import disk_usage
from typing import Final

from app.doctor.finding import Finding
from app.embedded.append_only import DAMAGED_NAMES
from app.embedded.servers import POSTGRES_MAJOR, data_version
from app.settings.settings import Settings

MB: Final = 1_000_000
SPACE_NEEDED: Final = 200 * MB
SPACE_WANTED: Final = 1_000 * MB
"""The embedded servers' logs and the write-ahead log grow within minutes under load."""


def look_at_home(settings: Settings, *, running: bool) -> list[Finding]:
    """The findings about NEST_HOME; `settings` include those of a running stack."""
    state = "in use by `nest run`" if running else "not in use"
    return [
        Finding(state="ok", subject="home", text=f"{settings.home.resolve()} {state}"),
        *_other_version(settings),
        *_set_aside(settings),
        *_space(settings),
    ]


def _other_version(settings: Settings) -> list[Finding]:
    """Data that `nest run` refuses to start with; irrelevant with a DATABASE_URL."""
    directory = settings.home.resolve() / "postgres"
    try:
        found = data_version(directory)
    except OSError:  # it belongs to another user
        found = None
    if settings.database_url or found in {None, POSTGRES_MAJOR}:
        return []
    return [
        Finding(
            state="wrong",
            subject="home",
            text=f"{directory} was made by PostgreSQL {found}, and this release brings "
            f"{POSTGRES_MAJOR}: `nest run` does not start",
            mend="Convert the data with `nest upgrade-data`; the old data are kept.",
        )
    ]


def _set_aside(settings: Settings) -> list[Finding]:
    """Copies of files that Valkey could not read, which stay until somebody removes them."""
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
            mend="Remove it when nobody needs it any more; the ledger of the admin "
            "pages says how many are missing.",
        )
    ]


def _space(settings: Settings) -> list[Finding]:
    """The free space on the disk of NEST_HOME, existing or future."""
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
            mend="Free some space: without it PostgreSQL and Valkey refuse to write, and stop.",
        )
    ]
