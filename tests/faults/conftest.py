from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs.servers import home_in_memory


@pytest.fixture
def home() -> Iterator[Path]:
    """The directory in which the servers of one stand keep their data."""
    with home_in_memory() as directory:
        yield directory
