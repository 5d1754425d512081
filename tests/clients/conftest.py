"""Clients are tested against real web processes."""

from tests.realtime.conftest import start_web, undescribed, web

__all__ = ["start_web", "undescribed", "web"]
