"""The analytics of one admin tab. It reads the HTTP API by itself; Python keeps nothing of it."""

from nicegui import ui


class AnalyticsScreen(ui.element, component="analytics_screen.js"):
    """Figures of a range, lists of sessions, and the player of a replay."""

    def __init__(self, *, catalogue: str, texts: str, language: str) -> None:
        super().__init__()
        self.props["catalogue"] = catalogue
        self.props["texts"] = texts
        self.props["language"] = language
