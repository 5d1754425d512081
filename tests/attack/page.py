"""A page of a house as an attacker holds it: loaded over HTTP, then spoken to over sockets of any kind."""

import html
import json
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect

from realtime.cookies import Cookies
from tests.attack.engine import PAGES
from tests.attack.victim import Victim
from tests.realtime.clients import Api


@dataclass(frozen=True, slots=True)
class Page:
    """One loaded page; whoever knows these can speak for it. `asked` is how its script asks for it."""

    victim: Victim
    asked: dict[str, object]
    cookie: str
    client_id: str
    element: int
    listener_id: str
    tab_id: str = "tab"

    def shake_hands(self, document_id: str = "document", **changed: object) -> str:
        """The packet with which a socket says that it is this page's; it asks for an answer."""
        who = {**self.asked, "tab_id": self.tab_id, "document_id": document_id}
        return f"420{json.dumps(['handshake', who | changed])}"

    def say(self, text: str) -> str:
        """The packet with a message of our protocol."""
        event = {"client_id": self.client_id, "id": self.element, "listener_id": self.listener_id}
        return f"42{json.dumps(['event', event | {'args': [json.dumps(text)]}])}"

    async def socket(self, document_id: str, *, tab_id: str | None = None) -> ClientConnection:
        """A socket whose address says which page it belongs to, as NiceGUI's script opens it.

        Messages that the test does not take are not read from the network either.
        """
        query = {
            "EIO": "4", "transport": "websocket", **self.asked, "implicit_handshake": "true",
            "tab_id": tab_id or self.tab_id, "document_id": document_id,
        }  # fmt: skip
        address = f"ws://{self.victim.host}:{self.victim.port}{PAGES}?{urlencode(query)}"
        connection = connect_with_little_room(self.victim.host, self.victim.port)
        opened = await connect(
            address,
            sock=connection,
            max_queue=2,
            ping_interval=None,
            additional_headers={"cookie": self.cookie},
        )
        await opened.recv()
        await opened.send("40")
        return opened


def connect_with_little_room(host: str, port: int) -> socket.socket:
    """A connection of which the kernel keeps little that is not read."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    made.connect((host, port))
    made.setblocking(False)
    return made


async def loaded(victim: Victim, owner: Api, house: str) -> Page:
    """A page of this house, loaded by its owner."""
    cookie = {"cookie": f"{Cookies().person}={owner.token}"}
    answer = await owner.call("GET", f"/c/{house}", headers=cookie)
    assert answer.status_code == 200, answer.text
    query = re.search(r"query: (\{.*\}),\n", answer.text)
    elements = re.search(r"String\.raw`(\{.*\})`", answer.text)
    assert query is not None
    asked = json.loads(query[1])
    assert elements is not None
    for number, element in json.loads(html.unescape(elements[1])).items():
        for event in element.get("events", ()):
            if event["type"] == "message":
                identity = (asked["client_id"], int(number), event["listener_id"])
                return Page(victim, asked, cookie["cookie"], *identity)
    raise AssertionError(answer.text)
