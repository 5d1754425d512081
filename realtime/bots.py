"""Who is no person, and why. Their interactions are stored all the same, and kept apart.

The list of crawlers is that of the package `crawler-user-agents`; it also has the libraries that
programs use and browsers without a screen. Who sends no user agent stays a person.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

REMEMBERED = 4_096
REASON_MAX = 128
_TOGETHER = 50
_HEADLESS = re.compile("HeadlessChrome|PhantomJS|SlimerJS|Electron/.*Headless|Puppeteer|Playwright")


class Bots:
    """Tells bots by their user agent; one look at each, the last few thousand are remembered."""

    def __init__(self, crawlers: Iterable[str]) -> None:
        """`crawlers` are regular expressions; all are compiled here, about 60 ms."""
        patterns = list(crawlers)
        # Several expressions: one of them all is slower where nothing matches.
        self._crawlers = [
            re.compile("|".join(f"(?:{each})" for each in patterns[first : first + _TOGETHER]))
            for first in range(0, len(patterns), _TOGETHER)
        ]
        self._known = lru_cache(maxsize=REMEMBERED)(self._look)

    def reason(self, user_agent: str | None, *, purpose: str | None = None) -> str | None:
        """Why this is no person, None when it may be one; `purpose` is the header Sec-Purpose."""
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
