"""How many pages may be open: each keeps elements, queues and a connection in this process.

A page is built when its socket comes (`ui.live_pages`), so a view without a socket is none. Pages are
counted by network and by process, those that are being built and those whose browser is away for a
moment included, and one that would be too many is refused before it is built.
"""

from collections import defaultdict
from typing import Final

from nicegui import Client
from typing_extensions import override

from configurator.protocol.codes import Refused
from realtime.door import network_in

PAGES_OF_NETWORK: Final = 400
"""Open in one network: a school with every pupil of ten classes, two tabs for some."""

PAGES: Final = 3_000
"""Open in a process: with 105 kB each, connection and socket included, they need 320 MB."""

RETRY_MS: Final = 60_000
"""A visitor who is told that there are too many has to close some first."""


class OpenPages(dict[str, Client]):
    """NiceGUI's pages by their id, as `Client.instances`; each is also known by its network."""

    def __init__(self, *, scale: float) -> None:
        super().__init__()
        self._scale = scale
        self._of_network: defaultdict[str, int] = defaultdict(int)

    @override
    def __setitem__(self, client_id: str, client: Client) -> None:
        super().__setitem__(client_id, client)
        self._of_network[_network(client)] += 1

    @override
    def __delitem__(self, client_id: str) -> None:
        network = _network(self[client_id])
        super().__delitem__(client_id)
        self._of_network[network] -= 1
        if not self._of_network[network]:
            del self._of_network[network]

    def check(self, network: str) -> None:
        """Raises Refused when one more page would be too many: `too_many_pages` or `pages_full`."""
        if self._of_network.get(network, 0) >= PAGES_OF_NETWORK * self._scale:
            raise Refused("too_many_pages", retry_after_ms=RETRY_MS)
        if len(self) >= PAGES * self._scale:
            raise Refused("pages_full", retry_after_ms=RETRY_MS)


def _network(client: Client) -> str:
    request = client._request  # noqa: SLF001 - the property raises where there is none
    return network_in(request.scope) if request is not None else ""
