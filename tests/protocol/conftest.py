"""The web processes of the realtime tests."""

from tests.realtime.conftest import start_web, undescribed, web

__all__ = ["start_web", "undescribed", "web"]
