"""Fixtures for the tests of the committer."""

from collections.abc import AsyncIterator

import pytest

from storage.postgres.configurations.commit.committer import Committer
from storage.postgres.engine import Database


@pytest.fixture
async def committer(database: Database) -> AsyncIterator[Committer]:
    async with Committer(database) as committer:
        yield committer
