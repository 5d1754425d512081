"""Programs that the tests need and the machine may lack: found, or installed.

`python -m tests.support.programs.installing` makes sure of all of them. A program is looked for in this
order: its environment variable, PATH and the folders of the system's administrator, the
distribution's package (as root). A test that needs one that is not there is skipped, in CI it fails.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

INSTALL_SECONDS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program by its name for people, its file, its package of Debian."""

    name: str
    file: str
    package: str

    @property
    def variable(self) -> str:
        """The environment variable that says where it is."""
        return f"{self.file.upper().replace('-', '_')}_PATH"

    def find(self) -> Path | None:
        """The path of the program, if it is installed."""
        places = (
            os.environ.get(self.variable),
            shutil.which(self.file),
            shutil.which(self.file, path="/usr/sbin"),
        )
        return next((Path(each) for each in places if each and Path(each).is_file()), None)

    def required(self) -> Path:
        """The path of the program; without it the test is skipped or fails."""
        return required(self.find(), f"no {self.name}: install it, or set {self.variable}")


HAPROXY: Final = Program(name="HAProxy", file="haproxy", package="haproxy")
PGBOUNCER: Final = Program(name="PgBouncer", file="pgbouncer", package="pgbouncer")
OPENSSL: Final = Program(name="OpenSSL", file="openssl", package="openssl")
SYSTEMD_ANALYZE: Final = Program(name="systemd-analyze", file="systemd-analyze", package="systemd")


def required(found: Path | None, message: str) -> Path:
    """The program that was found; skips or fails the test that needs it where there is none."""
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def from_debian(package: str) -> list[list[str]]:
    """The commands that install a package of Debian; none where that is not ours to do."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return []
    return [["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", package]]


def found_or_installed(
    what: str, find: Callable[[], object], attempts: Sequence[Sequence[str]]
) -> int:
    """Try the commands until `find` finds it; the exit code is 1 only in CI without it."""
    for attempt in attempts:
        if find():
            break
        print(f"No {what} here: {' '.join(attempt)}", flush=True)
        try:
            subprocess.run(
                attempt,
                check=False,
                timeout=INSTALL_SECONDS,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            print(error, flush=True)
    found = find()
    print(f"{what} for the tests: {found or 'none'}", flush=True)
    return 1 if found is None and os.environ.get("CI") else 0


def main() -> int:
    """Find or install every program; the exit code is 1 only in CI without one."""
    programs = (HAPROXY, PGBOUNCER, OPENSSL, SYSTEMD_ANALYZE)
    return max(
        found_or_installed(each.name, each.find, from_debian(each.package)) for each in programs
    )


if __name__ == "__main__":
    sys.exit(main())
