"""The connections of the HTTP server: their number, in all and by network, and their deadlines.

**Places.** A connection takes one place of the server and one of its network (IPv4 /24, IPv6 /48);
a WebSocket keeps the places of the connection that it was opened on. A connection of a trusted
proxy takes a place of the server only: for the visitors behind it, each request and each WebSocket
takes a place of the visitor's network while it is open. If a network has no place left, one of its
connections that wait for a next request ends. If the peer leaves in the middle of a request, its
places are given back when nothing works on the answer any more.

**Spare connections.** A connection without a place is still read for a moment: its peer is told why
it is refused, and health checks get their answer (`ALWAYS_ANSWERED`). At most
`SPARE_CONNECTIONS_MAX` such connections exist, and a further one cuts off the oldest: a flood can
hold them only until its own next connections push them out. Descriptors are kept free for them (see
`connections_in_all`), because without any the event loop closes new connections unread.

**Told once.** Each refusal counts for the metric; the log has at most one line a minute for each
code.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from configurator.activity.visitor import UNKNOWN_NETWORK, network_of
from configurator.protocol.codes import CODES, Refused

log = structlog.get_logger()

SPARE_CONNECTIONS_MAX: Final = 64
"""Connections at a time that are only told why they are refused."""

DESCRIPTORS_KEPT: Final = 170
"""Descriptors that connections never use, beside those of the pools of PostgreSQL and Redis: they
are for spare connections, files and logs."""

CONNECTIONS_MIN: Final = 32
"""The least number of connections, for a process with hardly any descriptors."""

ALWAYS_ANSWERED: Final = frozenset({b"/healthz", b"/readyz", b"/metrics"})
"""These addresses are answered even when the server is full, for health checks."""

FORWARDED_FOR: Final = b"x-forwarded-for"
NO_PLACE: Final = frozenset({CODES["server_full"], CODES["too_many_connections"]})

RETRY_MS: Final = 5_000
LOG_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpDeadlines:
    """The deadlines of a connection, in seconds."""

    head: float = 10.0
    """The time from the first byte of a request's head to its end; for the first request, from the
    connection's beginning."""

    body: float = 20.0
    """The time from one byte of a body to the next, and for the whole body unless it comes at
    ``bytes_per_second``."""

    answer: float = 20.0
    """The time until the kernel takes the next 20 kB of an answer, or its rest; bytes in the kernel
    count as read."""

    spare: float = 2.0
    """For the head of a request that will be refused."""

    linger: float = 2.0
    """For the peer to read why it was refused, before the connection is cut off."""

    handshake: float = 20.0
    """For the application to accept or refuse a WebSocket; then the answer is 503."""

    bytes_per_second: int = 1_000
    """The least rate of bodies and answers; a modem of 1990 was ten times as fast."""


class PlacedConnection(Protocol):
    """A connection that has a place."""

    @property
    def idle(self) -> bool:
        """Whether it waits for a next request."""

    def give_way(self) -> None:
        """End, and leave the place to another peer of the same network."""

    def cut_off(self) -> None:
        """Close the connection at once."""


class Proxies(Protocol):
    """The trusted proxies, whose word on the client's address is believed."""

    def __contains__(self, host: str | None) -> bool:
        """Whether this host is a trusted proxy."""

    def get_trusted_client_address(self, x_forwarded_for: str) -> tuple[str, int]:
        """The right-most address that is not a proxy's."""


class Place:
    """The place of a connection, or of one request behind a proxy.

    ``refused`` is the reason why it will not be served, if any.
    """

    __slots__ = ("_connections", "counts_in_all", "holder", "network", "refused")

    def __init__(
        self,
        connections: "HttpConnections",
        *,
        network: str | None,
        holder: PlacedConnection | None,
        counts_in_all: bool,
    ) -> None:
        self._connections = connections
        self.network = network
        self.holder = holder
        self.counts_in_all = counts_in_all
        self.refused: Refused | None = None

    def count(self, refused: Refused) -> None:
        """Count a refusal of a request on it."""
        self._connections.refused(refused.code.name)

    def give_back(self) -> None:
        """Give the place back, for others to take."""
        self.holder = None
        self._connections.over(self)


def give_back_after(answering: asyncio.Task[None] | None, places: Iterable[Place]) -> None:
    """Give back the places of a lost connection once nothing works on its answers any more."""
    places = tuple(places)
    for place in places:
        place.holder = None

    def give_back(_: object = None) -> None:
        for place in places:
            place.give_back()

    if answering is None or answering.done():
        give_back()
    else:
        answering.add_done_callback(give_back)


class HttpConnections:
    """All connections of one process. ``clock`` is monotonic, in seconds."""

    def __init__(
        self,
        *,
        in_all: int,
        per_network: int,
        proxies: Proxies,
        clock: Callable[[], float],
        deadlines: HttpDeadlines | None = None,
    ) -> None:
        self.in_all_max = in_all
        self.per_network_max = per_network
        self.deadlines = deadlines or HttpDeadlines()
        self._proxies = proxies
        self._clock = clock
        self.open = 0
        self.refusals: Counter[str] = Counter()
        self._of_network: dict[str, dict[Place, None]] = {}
        self._spare: dict[Place, None] = {}
        self._told_until: dict[str, float] = {}
        self._untold: Counter[str] = Counter()
        self.socket_refusal: Callable[[], Refused | None] = lambda: None
        """The reason why no WebSocket is opened now, for any peer; None if they are opened."""

    def arrived(self, holder: PlacedConnection, host: str | None) -> Place:
        """Take a place for a connection of this peer."""
        self.open += 1
        named = host is not None and host not in self._proxies
        network = (network_of(host) or UNKNOWN_NETWORK) if named else None
        place = Place(self, network=network, holder=holder, counts_in_all=True)
        if self.open - len(self._spare) > self.in_all_max:
            self._refuse(place, "server_full")
        else:
            self._enter_network(place)
        if place.refused is not None:
            self._keep_spare(place)
        return place

    def from_proxy(self, host: str | None) -> bool:
        """Whether this peer is a proxy that names the clients it asks for."""
        return host in self._proxies

    def asked(self, headers: list[tuple[bytes, bytes]]) -> Place:
        """Take a place for a request with these headers that comes through a proxy.

        A value of X-Forwarded-For that is not an address becomes "unknown" in ``headers``: later
        readers would take an empty value for the proxy, and each other value for a network of its
        own.
        """
        told = [value for name, value in headers if name == FORWARDED_FOR]
        host = self._proxies.get_trusted_client_address(b", ".join(told).decode("latin-1"))[0]
        network = None
        if told and host not in self._proxies:
            network = network_of(host) or UNKNOWN_NETWORK
        if network == UNKNOWN_NETWORK:
            headers[:] = [each for each in headers if each[0] != FORWARDED_FOR]
            headers.append((FORWARDED_FOR, UNKNOWN_NETWORK.encode()))
        place = Place(self, network=network, holder=None, counts_in_all=False)
        self._enter_network(place)
        return place

    def over(self, place: Place) -> None:
        """Note that a place was given back; calls after the first do nothing."""
        if place.counts_in_all:
            place.counts_in_all = False
            self.open -= 1
        self._spare.pop(place, None)
        held = self._of_network.get(place.network or "")
        if held is not None:
            held.pop(place, None)
            if not held:
                del self._of_network[place.network or ""]

    def refused(self, code: str, **fields: object) -> None:
        """Count a refusal; log it unless the same code was logged within a minute."""
        self.refusals[code] += 1
        self._untold[code] += 1
        now = self._clock()
        if now < self._told_until.get(code, now):
            return
        self._told_until[code] = now + LOG_SECONDS
        log.warning(
            "http_refused", code=code, times=self._untold.pop(code), connections=self.open, **fields
        )

    def _enter_network(self, place: Place) -> None:
        network = place.network
        if network is None:
            return
        held = self._of_network.setdefault(network, {})
        if len(held) >= self.per_network_max:
            for other in held:
                if other.holder is not None and other.holder.idle:
                    other.holder.give_way()
                    break
            else:
                self._refuse(place, "too_many_connections", network=network)
                return
        self._of_network.setdefault(network, {})[place] = None

    def _refuse(self, place: Place, code: str, **fields: object) -> None:
        place.refused = Refused(code, retry_after_ms=RETRY_MS)
        self.refused(code, **fields)

    def _keep_spare(self, place: Place) -> None:
        if len(self._spare) >= SPARE_CONNECTIONS_MAX:
            oldest = next(iter(self._spare))
            holder = oldest.holder
            oldest.give_back()
            if holder is not None:
                holder.cut_off()
        self._spare[place] = None


def connections_in_all(descriptors: int, *, pooled: int) -> int:
    """The number of connections that a process with this number of descriptors may have."""
    return max(CONNECTIONS_MIN, descriptors - DESCRIPTORS_KEPT - pooled)
