"""Detects bots and says why. Their interactions are stored, too, but counted separately.

The list of crawlers is that of the package `crawler-user-agents`; it also has the libraries that
programs use and headless browsers. A visitor without a user agent counts as a person.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

REMEMBERED = 4_096
REASON_MAX = 128
_TOGETHER = 50
_HEADLESS = re.compile("HeadlessChrome|PhantomJS|SlimerJS|Electron/.*Headless|Puppeteer|Playwright")


class BotDetector:
    """Tells bots by their user agent; each is tested once, and the last few thousand are kept."""

    def __init__(self, crawlers: Iterable[str]) -> None:
        """`crawlers` are regular expressions. All are compiled here, which takes about 60 ms."""
        patterns = list(crawlers)
        # Several expressions: all of them in one would be slower for user agents that match none.
        self._crawlers = [
            re.compile("|".join(f"(?:{each})" for each in patterns[first : first + _TOGETHER]))
            for first in range(0, len(patterns), _TOGETHER)
        ]
        self._known = lru_cache(maxsize=REMEMBERED)(self._look)

    def reason(self, user_agent: str | None, *, purpose: str | None = None) -> str | None:
        """The reason why this visitor is no person; None if it may be one.

        `purpose` is the header Sec-Purpose.
        """
        if "prefetch" in (purpose or "").lower():
            return "prefetch"
        return self._known(user_agent) if user_agent else None

    def _look(self, user_agent: str) -> str | None:
        headless = _HEADLESS.search(user_agent)
        if headless:
            return f"headless {headless[0]}"[:REASON_MAX]
        found = next(filter(None, (each.search(user_agent) for each in self._crawlers)), None)
        if found is None:
            return None
        name = " ".join(re.findall(r"[\w.-]+", found[0])) or "unnamed"
        return f"crawler {name}"[:REASON_MAX]
