"""Fixtures for every test that needs real servers.

`database_url`  a released PostgreSQL database of the test's own (a clone of a template)
`redis_url`     an empty Valkey
`servers`       the running pair behind both, to kill and revive in fault tests

Hypothesis has no chance: the same examples on every run and every machine.
"""

import logging
import os
import tempfile
from collections.abc import Iterator
from typing import Final

import pytest
import structlog
from hypothesis import HealthCheck, settings
from typing_extensions import override
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.quick import is_quick
from tests.support.programs.servers import Servers, flush, fresh_database, running_servers

SHARING_FOLDERS: Final = ("tests/app", "tests/deploy", "tests/e2e", "tests/faults")
"""All tests below such a folder go to one worker, because they start and kill processes: one at a
time, so the load of the machine does not decide whether a deadline is met."""
SHARING_MODULES: Final = (
    "tests/ui/",
    "tests/clients/test_js_client.py",
    "tests/realtime/transports/test_fuzzed_frames.py",
)
"""All tests of such a module, or of one module below such a folder, go to one worker."""

_HOME: Final = tempfile.TemporaryDirectory(prefix="nest-tests-home-")
"""Whatever a test starts without a home of its own finds nothing: not what runs in this checkout."""
os.environ["NEST_HOME"] = _HOME.name

settings.register_profile(
    "same-every-time",
    derandomize=True,
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same-every-time")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undo a test's logging configuration: its handler would write to a closed stream."""
    root = logging.getLogger()
    handlers, level, config = root.handlers[:], root.level, structlog.get_config()
    yield
    for handler in root.handlers[:]:
        # pytest's own come and go with the phases of a test; what it gave is its to take away.
        if handler not in handlers and not type(handler).__module__.startswith("_pytest"):
            root.removeHandler(handler)
    root.setLevel(level)
    structlog.configure(**config)


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


def pytest_itemcollected(item: pytest.Item) -> None:
    if is_quick(item):
        item.add_marker("quick")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share something stay together, also when shuffled; then what may take long."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[str, bool]:
    return shared_by(item.nodeid) or "~", item.get_closest_marker("timeout") is None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> "Together":
    """Whatever `--dist` says."""
    return Together(config, log)


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives tests one by one to the next free worker; tests that share something go to the same one.

    `--dist loadgroup` cannot do it: xdist 3.8 writes its groups where pytest 9.2 no longer looks.
    """

    @override
    def _split_scope(self, nodeid: str) -> str:
        return shared_by(nodeid) or nodeid


def shared_by(nodeid: str) -> str | None:
    """The folder or module whose tests share processes, servers or a browser; None: it is alone."""
    module = nodeid.partition("::")[0]
    for folder in SHARING_FOLDERS:
        if module.startswith(f"{folder}/"):
            return folder
    return module if module.startswith(SHARING_MODULES) else None
