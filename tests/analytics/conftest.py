"""The database and the web process of other packages' tests."""

from tests.realtime.conftest import start_web, undescribed, web
from tests.storage.conftest import database, world

__all__ = ["database", "start_web", "undescribed", "web", "world"]
