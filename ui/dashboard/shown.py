"""The bound on shared dashboards that show their figures at once."""

from typing import Final

from configurator.protocol.codes import Refused

SHOWN_MAX: Final = 200
"""Dashboards of a process: with 1.1 MB each, all figures and connection included, they need 220 MB."""

RETRY_MS: Final = 60_000
"""Somebody has to close a dashboard first."""


class ShownDashboards:
    """The open dashboards that show figures: at most `most`."""

    def __init__(self, most: int = SHOWN_MAX) -> None:
        self._most = most
        self._pages: set[object] = set()

    def add(self, page: object) -> None:
        """Count this page, which is about to show figures. Raises Refused ``pages_full``."""
        if page not in self._pages and len(self._pages) >= self._most:
            raise Refused("pages_full", retry_after_ms=RETRY_MS)
        self._pages.add(page)

    def remove(self, page: object) -> None:
        """Count this page no longer, if it was counted."""
        self._pages.discard(page)
