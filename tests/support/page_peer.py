"""A page as its browser knows it, without a browser: read from the HTML, then spoken for over a socket."""

import html
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

SOCKETS = "/_nicegui_ws/socket.io/"
SCREEN = 4
"""The id of the element with the screen, in every page."""


@dataclass(frozen=True, slots=True)
class LoadedPage:
    """`asked`: how its script asks for the page; `frames`: those of the first paint."""

    asked: dict[str, Any]
    element: int
    listener_id: str
    frames: list[dict[str, Any]]
    tab_id: str = "tab"

    def address(self, document_id: str = "document", tab_id: str | None = None) -> str:
        """Path and query of its socket."""
        tab_id = tab_id or self.tab_id
        asked = {**self.asked, "tab_id": tab_id, "document_id": document_id}
        asked = {name: json.dumps(value).strip('"') for name, value in asked.items()}
        return f"{SOCKETS}?{urlencode({'EIO': 4, 'transport': 'websocket', **asked})}"

    def say(self, message: dict[str, Any]) -> str:
        """The packet with a message of our protocol."""
        return self.say_text(json.dumps(message))

    def say_text(self, text: str) -> str:
        """The packet with any text as message."""
        event = {
            "client_id": self.asked["client_id"],
            "id": self.element,
            "listener_id": self.listener_id,
            "args": [json.dumps(text)],
        }
        return f"42{json.dumps(['event', event])}"

    def join(self) -> str:
        """The packet with which its script joins the house, from the first paint on."""
        snapshot = next(frame for frame in self.frames if frame["type"] == "snapshot")
        since = {"epoch": snapshot["epoch"], "version": snapshot["version"]}
        return self.say(
            {
                "type": "join",
                "id": uuid4().hex,
                "configuration": snapshot["configuration"],
                "since": since,
            }
        )


def loaded_page(text: str) -> LoadedPage:
    """The parts of a page's HTML that a browser uses."""
    query = re.search(r"query: (\{.*\}),\n", text)
    elements = re.search(r"String\.raw`(\{.*\})`", text)
    assert query is not None, text[:300]
    assert elements is not None, text[:300]
    for number, element in json.loads(html.unescape(elements[1])).items():
        for event in element.get("events", ()):
            if event["type"] == "message":
                frames = json.loads(element["props"]["frames"])
                return LoadedPage(json.loads(query[1]), int(number), event["listener_id"], frames)
    raise AssertionError("no screen with messages")


def shown(packet: str) -> dict[str, Any]:
    """The frame that a packet shows on the screen; `_id` is the number of the message."""
    name, message = json.loads(packet[2:])
    assert name == "run_javascript"
    _, begins, rest = message["code"].partition(f'runMethod({SCREEN}, "receive", ')
    assert begins, message["code"]
    frame: dict[str, Any] = json.loads(json.loads(rest[:-1])[0])
    return {**frame, "_id": message["_id"]}
