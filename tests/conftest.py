"""Fixtures for every test that needs real servers.

`database_url`  a migrated PostgreSQL database of the test's own (a clone of a template)
`redis_url`     an empty Valkey
`servers`       the running pair behind both, to kill and revive in fault tests
"""

from collections.abc import Iterator

import pytest

from tests.support.servers import Servers, flush, fresh_database, running_servers


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that start processes or browsers in step, one at a time per folder.

    With two xdist workers at most two of them run at once, so that the machine's load does not
    decide whether a deadline is met.
    """
    for item in items:
        for marker in ("e2e", "faults"):
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.xdist_group(f"{marker}-{item.path.parent.name}"))
