"""A Chromium for the browser tests. `python -m tests.support.programs.browser` makes sure there is one.

In this order: CHROME_PATH, one that is installed, Playwright's own (already there, else
downloaded), the distribution's package (as root). A fixture that needs it calls
`running_browser()`: without a browser the test is skipped, in CI it fails.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, expect, sync_playwright

from app.doctor.browser import find_browser
from tests.support.programs.installing import found_or_installed, from_debian, required

EXPECT_SECONDS = 15
PERSON = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Safari/537.36"
)
"""The user agent of a browser with a person; that of a headless one counts as a bot."""


UNUSED: Final = (
    # Panels of the address bar: a renderer of their own in every window, though nobody sees one.
    # Without them opening a page costs half.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    # The features that Playwright switches off (chromiumSwitches): the last switch replaces earlier ones.
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
ARGUMENTS: Final = ("--no-sandbox", f"--disable-features={','.join(UNUSED)}")


@contextmanager
def running_browser(*arguments: str) -> Iterator[Browser]:
    """A Chromium. Playwright runs an event loop in this thread: no async tests meanwhile."""
    executable = required_browser()
    expect.set_options(timeout=EXPECT_SECONDS * 1000)
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=executable, args=[*ARGUMENTS, *arguments]
        ) as browser,
    ):
        yield browser


def required_browser() -> Path:
    """The browser's path; skips or fails the test that needs it where there is none."""
    return required(
        find_browser(os.environ),
        "no Chromium: set CHROME_PATH, or run `python -m playwright install chromium`",
    )


def main() -> int:
    """Find or install a browser; the exit code is 1 only in CI without one."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    return found_or_installed(
        "Chromium", lambda: find_browser(os.environ), [*attempts, *from_debian("chromium")]
    )


if __name__ == "__main__":
    sys.exit(main())
