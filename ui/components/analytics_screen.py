"""The analytics of one tab. It reads the HTTP API by itself; Python keeps nothing of it."""

from nicegui import ui

from configurator.ranges import ZONE


class AnalyticsScreen(ui.element, component="analytics_screen.js"):
    """For admins: every figure, lists of sessions, the player, shared links, scheduled files."""


class DashboardScreen(ui.element, component="dashboard_screen.js"):
    """For whoever has a link: what it shows, read only."""


def figures_props(*, catalogue: str, texts: str, language: str) -> dict[str, object]:
    """What both have: names and texts to say figures with, and the zone where none was asked for."""
    return {"catalogue": catalogue, "texts": texts, "language": language, "zone": ZONE}
