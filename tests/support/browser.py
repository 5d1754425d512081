"""A Chromium for the browser tests. `python -m tests.support.browser` makes sure there is one.

In this order: CHROME_PATH, one that is installed, Playwright's own (already there, else
downloaded), the distribution's package (as root). A fixture that needs it calls
`required_browser()`: without a browser the test is skipped, in CI it fails.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.browser import find_browser

INSTALL_SECONDS = 240
PERSON = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Safari/537.36"
)
"""What a browser with a person in front of it says it is; a headless one is counted as a bot."""


def required_browser() -> Path:
    """The browser's path, for `chromium.launch(executable_path=...)`."""
    found = find_browser(os.environ)
    if found is None:
        message = "no Chromium: set CHROME_PATH, or run `python -m playwright install chromium`"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


def main() -> int:
    """Find or install a browser; the exit code is 1 only in CI without one."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        attempts += [["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "chromium"]]
    for attempt in attempts:
        if find_browser(os.environ):
            break
        print(f"No Chromium here: {' '.join(attempt)}", flush=True)  # noqa: T201
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
    found = find_browser(os.environ)
    print(f"Browser for the tests: {found or 'none'}", flush=True)  # noqa: T201
    return 1 if found is None and os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
