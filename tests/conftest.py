"""Fixtures for every test that needs real servers.

`database_url`  a migrated PostgreSQL database of the test's own (a clone of a template)
`redis_url`     an empty Valkey
`servers`       the running pair behind both, to kill and revive in fault tests

Hypothesis has no chance: the same examples on every run and every machine.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.servers import Servers, flush, fresh_database, running_servers

settings.register_profile(
    "same-every-time",
    derandomize=True,
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same-every-time")


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Iterator[Servers]:
    worker: str = getattr(request.config, "workerinput", {}).get("workerid", "main")
    with running_servers(worker) as running:
        yield running


@pytest.fixture
def database_url(servers: Servers) -> Iterator[str]:
    with fresh_database(servers) as url:
        yield url


@pytest.fixture
def redis_url(servers: Servers) -> str:
    flush(servers)
    return servers.redis_url


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Keep tests that start processes or browsers in step, one at a time per folder.

    So they share what is expensive, and the machine's load does not decide whether a deadline is
    met. These groups come first, then what may take long, so that no worker is left alone with it
    at the end. Around other plugins: xdist reads the groups, and pytest-randomly shuffles.
    """
    for item in items:
        for marker in ("e2e", "faults"):
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.xdist_group(_group(item, marker)))
    yield
    items.sort(key=_turn)


def _group(item: pytest.Item, marker: str) -> str:
    return f"{marker}-{item.path.parent.name}"


def _turn(item: pytest.Item) -> tuple[str, bool]:
    """Groups by name, before the others ("~" comes after every letter)."""
    group = item.get_closest_marker("xdist_group")
    return group.args[0] if group else "~", item.get_closest_marker("timeout") is None
