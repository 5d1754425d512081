"""A page of a house as an attacker holds it: loaded over HTTP, then spoken to over sockets of any kind."""

import json
import socket
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect

from realtime.people.cookies import Cookies
from tests.attack.victim import Victim
from tests.realtime.clients import Api
from tests.support.page_peer import LoadedPage, loaded_page


@dataclass(frozen=True, slots=True)
class Page:
    """A loaded page, with the ids that let a client speak for it."""

    victim: Victim
    loaded: LoadedPage
    cookie: str

    def shake_hands(self, document_id: str = "document", **changed: object) -> str:
        """The packet with which a socket says that it is this page's; it asks for an answer."""
        who = {**self.loaded.asked, "tab_id": self.loaded.tab_id, "document_id": document_id}
        return f"420{json.dumps(['handshake', who | changed])}"

    def say(self, text: str) -> str:
        """The packet with a message of our protocol."""
        return self.loaded.say_text(text)

    async def socket(self, document_id: str, *, tab_id: str | None = None) -> ClientConnection:
        """A socket whose address says which page it belongs to, as NiceGUI's script opens it.

        Messages that the test does not take are not read from the network either.
        """
        path = self.loaded.address(document_id, tab_id)
        address = f"ws://{self.victim.host}:{self.victim.port}{path}"
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
    return Page(victim, loaded_page(answer.text), cookie["cookie"])
