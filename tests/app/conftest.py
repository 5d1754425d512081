"""Homes of embedded servers: a new one, and one where PostgreSQL has its data already."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.embedded.servers import embedded_postgres, embedded_valkey


@pytest.fixture
def new_home(tmp_path: Path) -> Path:
    """Nothing was ever started here."""
    return tmp_path / "home"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory after PostgreSQL's first start, which takes longer than most tests here."""
    home = tmp_path_factory.mktemp("cluster") / "home"
    server = embedded_postgres(home)
    server.start()
    server.stop()
    return home / "postgres"


@pytest.fixture
def home(new_home: Path, cluster: Path) -> Path:
    """PostgreSQL was started and stopped here once."""
    new_home.mkdir()
    subprocess.run(["cp", "-a", cluster, new_home], check=True)  # with its owner
    return new_home


@pytest.fixture
def valkey_url(new_home: Path) -> Iterator[str]:
    """A Valkey as `nest run` starts it, whatever servers the other tests were given."""
    server = embedded_valkey(new_home)
    yield server.start()
    server.stop()
