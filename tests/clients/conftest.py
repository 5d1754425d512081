"""Clients are tested against real web processes."""

from tests.realtime.conftest import start_web, web

__all__ = ["start_web", "web"]
