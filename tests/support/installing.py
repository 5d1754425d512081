"""A program that the tests need and the machine may lack: found, or installed."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence

INSTALL_SECONDS = 240


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
        print(f"No {what} here: {' '.join(attempt)}", flush=True)  # noqa: T201
        try:
            subprocess.run(
                attempt,
                check=False,
                timeout=INSTALL_SECONDS,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            print(error, flush=True)  # noqa: T201
    found = find()
    print(f"{what} for the tests: {found or 'none'}", flush=True)  # noqa: T201
    return 1 if found is None and os.environ.get("CI") else 0
