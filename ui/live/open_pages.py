"""The bound on open pages: each keeps elements, queues and a connection in this process.

A page is built when its socket connects (`ui.live.pages`), so a view without a socket does not
count. Pages are counted by network and by process, including those that are being built and those
whose browser is away for a moment. A page beyond the bound is refused before it is built.
"""

from collections import defaultdict
from typing import Final

from nicegui import Client
from typing_extensions import override

from configurator.protocol.codes import Refused
from realtime.people.networks import network_in

PAGES_OF_NETWORK: Final = 400
"""The most open pages of one network: a school with every pupil of ten classes, two tabs for
some."""

PAGES: Final = 3_000
"""The most open pages of a process: with 105 kB each, connection and socket included, they take
320 MB.

That is the memory of a page of a house. An open service page takes 253 kB, an open analytics page
850 kB (decision 0019). Admins are never refused, and their pages count: ten analytics pages need 7.5 MB
more than this reckons. A shared dashboard takes 540 kB with four figures; at most 200 of a process
show figures (`ui.dashboard.shown`).
"""

RETRY_MS: Final = 60_000
"""A visitor who is refused has to close other pages first, so the retry is this late."""


class OpenPages(dict[str, Client]):
    """NiceGUI's pages by their id, in place of `Client.instances`, with the network of each."""

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
        """Raise Refused if one more page would be too many: `too_many_pages` or `pages_full`."""
        if self._of_network.get(network, 0) >= PAGES_OF_NETWORK * self._scale:
            raise Refused("too_many_pages", retry_after_ms=RETRY_MS)
        if len(self) >= PAGES * self._scale:
            raise Refused("pages_full", retry_after_ms=RETRY_MS)


def _network(client: Client) -> str:
    request = client._request  # noqa: SLF001 - the property raises where there is none
    return network_in(request.scope) if request is not None else ""
