"""Limits for strangers: one table of allowances, by network and person, and their use so far.

Every request that costs something has a `LimitKind`; `ALLOWANCES` has the rates of each kind. A
network is the first 24 bits of an IPv4 address and the first 48 of an IPv6 address: inside those a
single subscriber can take any address they like. An office, a school or a mobile network behind one
address is one network, so its allowances are those of some hundred people who begin at the same
moment.

Each process counts for itself. Counts are lost at a restart; with more than `NETWORKS_MAX`
networks, the count of the one unseen for longest is dropped.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from cachetools import LRUCache, TTLCache

from realtime.limits.buckets import (
    SECOND_NS,
    Bucket,
    Buckets,
    Rate,
    spend_all,
    whole_ms,
)

LimitKind = Literal[
    "unlimited",
    "admin",
    "asset",
    "create",
    "figures",
    "inquire",
    "op",
    "page",
    "picture",
    "poll",
    "read",
    "redeem",
    "share",
    "sign_in",
    "socket",
    "ticket",
    "track",
    "write",
]

HOUR: Final = 3600
DAY: Final = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The limits of one kind: for one network, for one person, and for everybody together."""

    network: Rate
    person: Rate | None = None
    everybody: Rate | None = None

    def scaled(self, scale: float) -> "Allowance":
        """The same limits, each rate multiplied by ``scale``."""
        person, everybody = self.person, self.everybody
        return Allowance(
            network=self.network.scaled(scale),
            person=person.scaled(scale) if person else None,
            everybody=everybody.scaled(scale) if everybody else None,
        )


ALLOWANCES: Final[Mapping[LimitKind, Allowance]] = {
    # Requests for admins that bring no session known to be open; an open one has `SESSION`.
    "admin": Allowance(network=Rate(5, 60)),
    # Scripts, styles and documents: a page has about 60 files, and a class of 60 opens it at once.
    "asset": Allowance(network=Rate(300, 10_000)),
    # New people and new houses are never deleted: a class of 60 may begin five times in a lesson.
    "create": Allowance(
        network=Rate(600 / HOUR, 300), person=Rate(60 / HOUR, 30), everybody=Rate(10, 2_000)
    ),
    # Figures of a shared dashboard and the timeline of a session: each takes a store up to 100 ms.
    "figures": Allowance(network=Rate(5, 60)),
    # A person reads each of them; nobody needs to send more than a few.
    "inquire": Allowance(
        network=Rate(60 / HOUR, 60), person=Rate(20 / DAY, 20), everybody=Rate(1, 500)
    ),
    # 60 people who change something every second; the person's own rate is `Rates.person_ops`.
    "op": Allowance(network=Rate(200, 2_000)),
    # About 11 ms of processor each: one network takes a tenth of a core for long.
    "page": Allowance(network=Rate(10, 200)),
    # A picture that is kept costs 1; one that must be drawn costs `DRAWING_COST`, 10 ms of
    # processor.
    "picture": Allowance(network=Rate(50, 1_000)),
    # Requests of Engine.IO without WebSocket: each event is a request, and each message is one.
    "poll": Allowance(network=Rate(200, 2_000)),
    # Each takes the database one or two queries.
    "read": Allowance(network=Rate(50, 1_000), person=Rate(20, 300)),
    # A whole class opens a link on the blackboard at once.
    "redeem": Allowance(network=Rate(2, 200), person=Rate(1, 20)),
    # One link is enough for a whole class; each link is kept until it ends.
    "share": Allowance(
        network=Rate(600 / HOUR, 100), person=Rate(60 / HOUR, 30), everybody=Rate(10, 2_000)
    ),
    # Beside `SIGN_IN_FREE`, after which waiting doubles.
    "sign_in": Allowance(network=Rate(0.5, 20)),
    # Every tab of a school comes back within 20 s of an update.
    "socket": Allowance(network=Rate(20, 300)),
    # Each socket needs one.
    "ticket": Allowance(network=Rate(20, 300)),
    # Units of one interaction or `TRACK_UNIT_BYTES`, over sockets, too: a person makes one in three
    # seconds; the burst takes the interactions that 100 tabs have kept during an outage.
    "track": Allowance(network=Rate(200, 20_000), everybody=Rate(5_000, 200_000)),
    # All other requests that change something.
    "write": Allowance(network=Rate(20, 200), person=Rate(5, 50)),
}
"""Rates: how many a second in the long run, and how many at once after a quiet while."""

HOUSES_OF_PERSON: Final = 200
"""The most houses of a person: houses are never removed, and nobody plans more than a few."""

LINKS_OF_HOUSE: Final = 100
"""The most invitations of a house that can still be used."""

SESSION: Final = Rate(50, 500)
"""The rate of one open admin session, whatever others in its network do."""

MISSES: Final = Rate(1, 100)
"""The rate at which one network may guess: name a house or link that it may not see.

There are 32^8 codes: one network tries 0.003 % of them in a year, and a code alone opens nothing.
"""

TRACK_UNIT_BYTES: Final = 512
"""The bytes of one unit: an interaction as our pages report it has about 350."""

DRAWING_COST: Final = 4
"""The cost of a picture that is not kept: drawing takes 10 ms."""

SIGN_IN_FREE: Final = 5
"""The failed attempts in a row that cost no wait; then a network waits 2 s, 4 s, 8 s, ..."""

SIGN_IN_MAX_SECONDS: Final = 300
"""The longest wait: it must not lock out admins who share a network with an attacker."""

SIGN_IN_FORGOTTEN_SECONDS: Final = HOUR
"""The count of a network that has not tried for this long begins again at 0."""

NETWORKS_MAX: Final = 5_000
"""The most networks or people that each limit remembers: about 2 MB for each limit."""

SESSION_KNOWN_SECONDS: Final = 60
"""The time for which a lookup counts: whether an admin session is open is read at most this
often."""


class RequestLimits:
    """The use of each network, person and admin session.

    ``clock_ns`` is monotonic, in nanoseconds.
    """

    def __init__(self, *, scale: float, clock_ns: Callable[[], int]) -> None:
        self._clock_ns = clock_ns
        scaled = {kind: each.scaled(scale) for kind, each in ALLOWANCES.items()}
        self._networks: dict[LimitKind, Buckets[str]] = {
            kind: Buckets(each.network, at_most=NETWORKS_MAX) for kind, each in scaled.items()
        }
        self._people: dict[LimitKind, Buckets[bytes]] = {
            kind: Buckets(each.person, at_most=NETWORKS_MAX)
            for kind, each in scaled.items()
            if each.person
        }
        self._everybody: dict[LimitKind, Bucket] = {
            kind: Bucket(each.everybody) for kind, each in scaled.items() if each.everybody
        }
        self._misses: Buckets[str] = Buckets(MISSES.scaled(scale), at_most=NETWORKS_MAX)
        self._sessions: Buckets[bytes] = Buckets(SESSION.scaled(scale), at_most=NETWORKS_MAX)
        self._sign_ins = SignIns(free=int(SIGN_IN_FREE * scale))
        self._open: TTLCache[bytes, None, int] = TTLCache(
            NETWORKS_MAX, ttl=SESSION_KNOWN_SECONDS * SECOND_NS, timer=clock_ns
        )
        self.refused: Counter[LimitKind] = Counter()

    # ---- requests

    def by_person(self, kind: LimitKind) -> bool:
        """Whether a person has an allowance of their own for this kind."""
        return kind in self._people

    def admit(self, kind: LimitKind, network: str, person: bytes | None = None) -> int:
        """Take one unit from each allowance and return 0, or none and return the wait in ms."""
        if kind == "unlimited":
            return 0
        now_ns = self._clock_ns()
        buckets = [self._networks[kind].of(network, now_ns)]
        if person is not None and kind in self._people:
            buckets.insert(0, self._people[kind].of(person, now_ns))
        if kind in self._everybody:
            buckets.append(self._everybody[kind])
        wait_ms = spend_all(buckets, now_ns)
        if kind == "sign_in" and not wait_ms:
            wait_ms = self._sign_ins.attempt(network, now_ns)
        return wait_ms

    def charge(self, kind: LimitKind, network: str, cost: int) -> None:
        """Take ``cost`` more units for an admitted request; units that are missing are owed."""
        now_ns = self._clock_ns()
        if cost > 0:
            self._networks[kind].of(network, now_ns).spend(now_ns, cost)
            if kind in self._everybody:
                self._everybody[kind].spend(now_ns, cost)

    def buckets(self, kind: LimitKind, network: str | None) -> list[Bucket]:
        """The shared buckets of this kind, for a message of a connection; none without a network."""
        if network is None:
            return []
        everybody = self._everybody.get(kind)
        own = self._networks[kind].of(network, self._clock_ns())
        return [own] if everybody is None else [own, everybody]

    # ---- guesses

    def guess(self, network: str) -> int:
        """0 if this network may guess a name, such as the code of a house; else the wait in ms."""
        now_ns = self._clock_ns()
        bucket = self._misses.of(network, now_ns)
        return max(bucket.promise_ms(now_ns), 1) if bucket.wait_ns(now_ns) else 0

    def missed(self, network: str) -> None:
        """Note that the guess was wrong."""
        now_ns = self._clock_ns()
        self._misses.of(network, now_ns).spend(now_ns)

    def signed_in(self, network: str) -> None:
        """Note that an admin of this network signed in: its failed attempts are forgotten."""
        self._sign_ins.succeeded(network)

    # ---- admins, whose work strangers of the same network do not hinder

    def is_known_open(self, session: bytes) -> bool:
        """Whether this admin session was open less than ``SESSION_KNOWN_SECONDS`` ago."""
        return session in self._open

    def found_open(self, session: bytes) -> None:
        """Note that this admin session is open now."""
        self._open[session] = None

    def admit_session(self, session: bytes) -> int:
        """Like ``admit``, for an open admin session."""
        now_ns = self._clock_ns()
        return spend_all([self._sessions.of(session, now_ns)], now_ns)


@dataclass(slots=True)
class _Attempts:
    number: int
    last_ns: int
    next_ns: int


class SignIns:
    """Attempts to sign in, by network: after some failed ones the wait doubles each time.

    An attempt counts when it is admitted, so that many at once count as many.
    """

    def __init__(self, *, free: int) -> None:
        self._free = free
        self._attempts: LRUCache[str, _Attempts] = LRUCache(NETWORKS_MAX)

    def attempt(self, network: str, now_ns: int) -> int:
        """Admit one attempt and return 0, or return the wait in ms until the next is admitted."""
        known = self._attempts.get(network)
        if known is None or now_ns - known.last_ns > SIGN_IN_FORGOTTEN_SECONDS * SECOND_NS:
            known = self._attempts[network] = _Attempts(0, now_ns, 0)
        if now_ns < known.next_ns:
            return whole_ms(known.next_ns - now_ns)
        known.number += 1
        known.last_ns = now_ns
        beyond = min(known.number - self._free, 20)
        if beyond >= 0:
            seconds = min(2 ** (beyond + 1), SIGN_IN_MAX_SECONDS)
            known.next_ns = now_ns + seconds * SECOND_NS
        return 0

    def succeeded(self, network: str) -> None:
        """Forget the failed attempts of this network."""
        self._attempts.pop(network, None)
