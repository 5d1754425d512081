"""The tests that `make quick` runs: they need no browser, kill nothing and do not wait long.

That is all of the pure code, and of the rest what needs no PostgreSQL and Valkey, and the protocol
with them. A test that is new is among them unless something here leaves it out.
"""

from typing import Final

import pytest

SLOW_MARKERS: Final = frozenset({"e2e", "faults"})

SLOW_FIXTURES: Final = frozenset({"browser", "servers"})
"""A browser, or PostgreSQL and Valkey: every test gets a database of its own, 0.2 s each."""

WITH_SERVERS: Final = ("tests/protocol/",)
"""Quick all the same: the rules of docs/SPEC.md from a connection to the commit."""

SLOW_PLACES: Final = (
    "tests/app/commands/",
    "tests/architecture/test_installed.py",
    "tests/attack/",
    "tests/clients/test_sdk.py",
    "tests/deploy/",
)
"""Start processes of their own, flood, or build a package."""


def is_quick(item: pytest.Item) -> bool:
    """Whether `make quick` runs it."""
    if item.nodeid.startswith(SLOW_PLACES):
        return False
    if any(item.get_closest_marker(each) for each in SLOW_MARKERS):
        return False
    needs = SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ()))
    return not needs or item.nodeid.startswith(WITH_SERVERS)
