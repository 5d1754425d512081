"""The database of the tests of storage."""

from tests.storage.conftest import database

__all__ = ["database"]
