"""The two own Vue components. Each is a transport: texts in, texts out, no state in Python."""

import json
from collections.abc import Callable, Sequence

from nicegui import ui
from nicegui.events import GenericEventArguments

Hear = Callable[[str], None]
MESSAGE_CHARACTERS_MAX = 64 * 1024


class Screen(ui.element):
    """What both components share: frames as one string prop, then one by one by method call."""

    def __init__(self, frames: Sequence[str], hear: Hear) -> None:
        super().__init__()
        self.props["frames"] = f"[{','.join(frames)}]"
        self.on("message", lambda event: _pass_on(event, hear))

    def show(self, frame: str) -> None:
        """Hand one server frame (JSON text) to the component.

        The same call as `run_method`, without its `return`: that would be parsed twice.
        """
        client = self.client
        if not client.is_deleted:
            _ = client.run_javascript(f'runMethod({self.id}, "receive", [{json.dumps(frame)}])')


class ConfiguratorScreen(Screen, component="configurator_screen.js"):
    """The configurator of one tab."""

    def __init__(
        self,
        *,
        frames: Sequence[str],
        catalogue: str,
        texts: str,
        language: str,
        dev: bool,
        consent: str,
        hear: Hear,
    ) -> None:
        super().__init__(frames, hear)
        self.props["catalogue"] = catalogue
        self.props["texts"] = texts
        self.props["language"] = language
        self.props["dev"] = dev
        self.props["consent"] = consent


class AdminScreen(Screen, component="admin_screen.js"):
    """The live view of one admin tab."""

    def __init__(
        self, *, frames: Sequence[str], catalogue: str, texts: str, language: str, hear: Hear
    ) -> None:
        super().__init__(frames, hear)
        self.props["catalogue"] = catalogue
        self.props["texts"] = texts
        self.props["language"] = language


def _pass_on(event: GenericEventArguments, hear: Hear) -> None:
    text = event.args
    if isinstance(text, str) and len(text) <= MESSAGE_CHARACTERS_MAX:
        hear(text)
