"""Find a Chromium on this machine: for `nest doctor` and for the browser tests."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLAYWRIGHT_PATTERNS = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/Chromium.app/Contents/MacOS/Chromium",
)


def find_browser(environ: Mapping[str, str]) -> Path | None:
    """CHROME_PATH, else an installed browser, else Playwright's own, else None."""
    named = environ.get("CHROME_PATH", "")
    if named and os.access(named, os.X_OK):
        return Path(named)
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    downloaded = environ.get("PLAYWRIGHT_BROWSERS_PATH") or "~/.cache/ms-playwright"
    for pattern in PLAYWRIGHT_PATTERNS:
        for path in sorted(Path(downloaded).expanduser().glob(pattern), reverse=True):
            return path
    return None
