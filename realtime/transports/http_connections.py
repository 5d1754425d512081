"""The connections of the HTTP server: how many there may be, from where, and for how long.

**Places.** A connection takes a place in all and one of its network (IPv4 /24, IPv6 /48); a WebSocket
keeps those of the connection that it was opened on. A connection of a trusted proxy counts in all
only: of the visitors behind it each request and each WebSocket takes a place of their network while
it is open. Where a network has no place left, its connection that waits for a next request gives way.
Where the peer leaves in the middle of a request, its places are given back when nothing works on the
answer any more.

**Spare connections.** Somebody for whom no place is left is still heard for a moment, so that they
are told why, and so that `ALWAYS_ANSWERED` answers whoever watches this process. There are
`SPARE_CONNECTIONS_MAX` of those, and of too many the oldest is cut off: a flood cannot hold them
longer than it takes to be pushed out by itself. The descriptors for it are kept free, see
`connections_in_all`, because without any the event loop closes whatever comes, unheard.

**Told once.** Each refusal is counted for the metric; the log has one line a minute for each code.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from configurator.protocol.codes import Refused
from configurator.visitor import UNKNOWN_NETWORK, network_of

log = structlog.get_logger()

SPARE_CONNECTIONS_MAX: Final = 64
"""Those that are only told why they are refused, at a time."""

DESCRIPTORS_KEPT: Final = 170
"""Descriptors that connections never use, beside those of the pools of PostgreSQL and Redis: the
spare connections, files, logs."""

CONNECTIONS_MIN: Final = 32
"""Of a process that has hardly any descriptors."""

ALWAYS_ANSWERED: Final = frozenset({b"/healthz", b"/readyz", b"/metrics"})
"""Whoever watches this process hears from it, however full it is."""

FORWARDED_FOR: Final = b"x-forwarded-for"
NO_PLACE: Final = frozenset({"server_full", "too_many_connections"})

RETRY_MS: Final = 5_000
LOG_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpDeadlines:
    """Seconds until a connection ends that does not go on."""

    head: float = 10.0
    """For the head of a request, from its first byte; for the first one since the connection began."""

    body: float = 20.0
    """Without a byte of a body; and for all of it, unless it comes at ``bytes_per_second``."""

    answer: float = 20.0
    """For the kernel to take the next 20 kB of an answer, or the rest of it; what it took counts as read."""

    spare: float = 2.0
    """For the head of a request that will be refused."""

    linger: float = 2.0
    """To read why it was refused, before the connection is cut off."""

    bytes_per_second: int = 1_000
    """The least rate of bodies and answers; a modem of 1990 had ten times as much."""


class Holder(Protocol):
    """A connection that has a place."""

    @property
    def idle(self) -> bool:
        """It waits for a next request."""

    def give_way(self) -> None:
        """End, for somebody else of the same network."""

    def cut_off(self) -> None:
        """End at once."""


class Proxies(Protocol):
    """Whose word is taken for where a request came from."""

    def __contains__(self, host: str | None) -> bool:
        """Whether this is one of them."""

    def get_trusted_client_address(self, x_forwarded_for: str) -> tuple[str, int]:
        """The right-most address that is none of theirs."""


class Place:
    """One connection, or one request behind a proxy. ``refused`` says why it will not be served."""

    __slots__ = ("_connections", "counts_in_all", "holder", "network", "refused")

    def __init__(
        self,
        connections: "HttpConnections",
        *,
        network: str | None,
        holder: Holder | None,
        counts_in_all: bool,
    ) -> None:
        self._connections = connections
        self.network = network
        self.holder = holder
        self.counts_in_all = counts_in_all
        self.refused: Refused | None = None

    def count(self, refused: Refused) -> None:
        """Count a refusal of what came on it."""
        self._connections.refused(refused.code.name)

    def give_back(self) -> None:
        """It is over."""
        self.holder = None
        self._connections.over(self)


def give_back_after(answering: asyncio.Task[None] | None, places: Iterable[Place]) -> None:
    """Give the places of a connection that is gone back as soon as nothing works for it any more."""
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
        """Why no WebSocket is opened now, whoever asks; None: they are."""

    def arrived(self, holder: Holder, host: str | None) -> Place:
        """A place for a connection of this peer."""
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
        """Whether this peer tells for whom it asks."""
        return host in self._proxies

    def asked(self, headers: list[tuple[bytes, bytes]]) -> Place:
        """A place for a request with these headers that a proxy hands over.

        A value of X-Forwarded-For that is no address becomes "unknown" in ``headers``: whatever reads
        it later would take an empty one for the proxy, and others for as many networks.
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
        """Called by the place; a second time does nothing."""
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
        """Count a refusal, and log it unless the same was just logged."""
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
    """How many connections a process with so many descriptors may have."""
    return max(CONNECTIONS_MIN, descriptors - DESCRIPTORS_KEPT - pooled)
