"""The analytics of one tab. It reads the HTTP API by itself; Python keeps nothing of it."""

from nicegui import ui

from configurator.ranges import ZONE
from ui.zones import zones_of_today


class _FiguresScreen(ui.element):
    """What both have: names and texts to say figures with, and the zone where none was asked for."""

    def __init__(self, *, catalogue: str, texts: str, language: str) -> None:
        super().__init__()
        self.props["catalogue"] = catalogue
        self.props["texts"] = texts
        self.props["language"] = language
        self.props["zone"] = ZONE


class AnalyticsScreen(_FiguresScreen, component="analytics_screen.js"):
    """For admins: every figure, lists of sessions, the player, shared links, scheduled files."""

    def __init__(self, *, catalogue: str, texts: str, language: str) -> None:
        super().__init__(catalogue=catalogue, texts=texts, language=language)
        self.props["zones"] = list(zones_of_today())


class DashboardScreen(_FiguresScreen, component="dashboard_screen.js"):
    """For whoever has a link: what it shows, read only."""
