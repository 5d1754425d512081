"""The two Vue components of our own. Each is a transport: texts in, texts out, no state in Python.

The browser gets their props in the HTML (`ui.live.pages`); the elements in Python need none.
"""

import json
from collections.abc import Callable, Sequence

from nicegui import ui
from nicegui.events import GenericEventArguments

Hear = Callable[[str], None]
MESSAGE_CHARACTERS_MAX = 64 * 1024
LISTENER = "message"


class Screen(ui.element):
    """The base of both components: the first frames are a string prop, later ones method calls.

    The event listener has the same id in every process, so a message of the browser reaches a page
    that was built again for it.
    """

    def __init__(self, hear: Hear | None = None) -> None:
        super().__init__()
        self.on("message", lambda event: _pass_on(event, hear))
        [listener] = self._event_listeners.values()
        listener.id = LISTENER
        self._event_listeners = {LISTENER: listener}

    def show(self, frame: str) -> None:
        """Hand one server frame (JSON text) to the component.

        The same call as `run_method`, but without its `return`, whose value would be parsed twice.
        """
        client = self.client
        if not client.is_deleted:
            _ = client.run_javascript(f'runMethod({self.id}, "receive", [{json.dumps(frame)}])')


class ConfiguratorScreen(Screen, component="configurator_screen.js"):
    """The configurator of one tab. Props: frames, catalogue, texts, language, dev, consent."""


class AdminScreen(Screen, component="admin_screen.js"):
    """The live view of one admin tab. Props: frames, catalogue, texts, language."""


def frames_prop(frames: Sequence[str]) -> str:
    """The prop of a screen with these frames, each of which is JSON text."""
    return f"[{','.join(frames)}]"


def _pass_on(event: GenericEventArguments, hear: Hear | None) -> None:
    text = event.args
    if hear is not None and isinstance(text, str) and len(text) <= MESSAGE_CHARACTERS_MAX:
        hear(text)
