"""How much strangers may ask for: one table of limits, by network and person, and what was used of it.

Everything that costs is of one `Kind`; `ALLOWANCES` has the figures of each. A network is the first
24 bits of an IPv4 address and the first 48 of an IPv6 address: inside those a single subscriber can
take any address they like. An office, a school or a mobile network behind one address is one
network, so its allowances are those of some hundred people who begin at the same moment.

Each process counts for itself. What is counted is forgotten at a restart, and for the networks that
were longest unseen when there are more than `NETWORKS_MAX`.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from realtime.buckets import (
    SECOND_NS,
    Bucket,
    Buckets,
    Rate,
    take_all,
    whole_ms,
)

Kind = Literal[
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
    """What one network, one person and everybody together may ask for of one kind."""

    network: Rate
    person: Rate | None = None
    everybody: Rate | None = None

    def scaled(self, scale: float) -> "Allowance":
        """Every rate multiplied by ``scale``."""
        person, everybody = self.person, self.everybody
        return Allowance(
            network=self.network.scaled(scale),
            person=person.scaled(scale) if person else None,
            everybody=everybody.scaled(scale) if everybody else None,
        )


ALLOWANCES: Final[Mapping[Kind, Allowance]] = {
    # Requests for admins that bring no session known to be open; an open one has `SESSION`.
    "admin": Allowance(network=Rate(5, 60)),
    # Scripts, styles, the documents: a page has about 60 files, a class of 60 opens it at once.
    "asset": Allowance(network=Rate(300, 10_000)),
    # New people and new houses are kept for ever: a class of 60 may begin five times in a lesson.
    "create": Allowance(
        network=Rate(600 / HOUR, 300), person=Rate(60 / HOUR, 30), everybody=Rate(10, 2_000)
    ),
    # Figures of a shared dashboard and the timeline of a session: up to 100 ms of a store each.
    "figures": Allowance(network=Rate(5, 60)),
    # Somebody reads each of them; nobody means to send more than a few.
    "inquire": Allowance(
        network=Rate(60 / HOUR, 60), person=Rate(20 / DAY, 20), everybody=Rate(1, 500)
    ),
    # 60 people who change something every second; the person's own rate is `Rates.person_ops`.
    "op": Allowance(network=Rate(200, 2_000)),
    # About 11 ms of processor each: one network takes a tenth of a core for long.
    "page": Allowance(network=Rate(10, 200)),
    # One that is kept costs 1, one that must be drawn `DRAWING_COST`: 10 ms of processor.
    "picture": Allowance(network=Rate(50, 1_000)),
    # Requests of Engine.IO without WebSocket: each event is one, and each message is one.
    "poll": Allowance(network=Rate(200, 2_000)),
    # One or two queries of the database each.
    "read": Allowance(network=Rate(50, 1_000), person=Rate(20, 300)),
    # A link on the blackboard is opened by everybody at once.
    "redeem": Allowance(network=Rate(2, 200), person=Rate(1, 20)),
    # One link is enough for a whole class; each is kept until it ends.
    "share": Allowance(
        network=Rate(600 / HOUR, 100), person=Rate(60 / HOUR, 30), everybody=Rate(10, 2_000)
    ),
    # Beside `SIGN_IN_FREE`, after which waiting doubles.
    "sign_in": Allowance(network=Rate(0.5, 20)),
    # Every tab of a school comes back within 20 s of an update.
    "socket": Allowance(network=Rate(20, 300)),
    # One for each socket.
    "ticket": Allowance(network=Rate(20, 300)),
    # Units of one interaction or `TRACK_UNIT_BYTES`, over sockets too: people make one in three
    # seconds; the burst takes what 100 tabs have kept during an outage.
    "track": Allowance(network=Rate(200, 20_000), everybody=Rate(5_000, 200_000)),
    # Whatever else changes something.
    "write": Allowance(network=Rate(20, 200), person=Rate(5, 50)),
}
"""Rates are a second, for long, and at once after a quiet while."""

HOUSES_OF_PERSON: Final = 200
"""Houses are kept for ever; nobody plans more than a few."""

LINKS_OF_HOUSE: Final = 100
"""Invitations of a house that can still be used."""

SESSION: Final = Rate(50, 500)
"""Requests of one admin session that is known to be open, whoever shares its network."""

MISSES: Final = Rate(1, 100)
"""Questions of one network for a house or a link that is not there or not for the one who asks.

There are 32^8 codes: one network tries 0.003 % of them in a year, and a code alone opens nothing.
"""

TRACK_UNIT_BYTES: Final = 512
"""An interaction as our pages report it is about 350 bytes."""

DRAWING_COST: Final = 4
"""A picture that is not kept takes 10 ms to draw."""

SIGN_IN_FREE: Final = 5
"""After so many attempts in a row without success a network waits 2 s, then 4 s, 8 s, ..."""

SIGN_IN_MAX_SECONDS: Final = 300
"""Nobody waits longer: admins who share a network with an attacker are never locked out for good."""

SIGN_IN_FORGOTTEN_SECONDS: Final = HOUR
"""A network that has not tried for this long begins anew."""

NETWORKS_MAX: Final = 5_000
"""Each limit remembers at most this many networks or people: about 2 MB for each limit."""

SESSION_KNOWN_SECONDS: Final = 60
"""An admin session is looked up at most this often to see whether it has its own allowance."""


class RequestLimits:
    """What each network, person and admin session has used; ``clock_ns`` never goes back."""

    def __init__(self, *, scale: float, clock_ns: Callable[[], int]) -> None:
        self._clock_ns = clock_ns
        scaled = {kind: each.scaled(scale) for kind, each in ALLOWANCES.items()}
        self._networks: dict[Kind, Buckets[str]] = {
            kind: Buckets(each.network, at_most=NETWORKS_MAX) for kind, each in scaled.items()
        }
        self._people: dict[Kind, Buckets[bytes]] = {
            kind: Buckets(each.person, at_most=NETWORKS_MAX)
            for kind, each in scaled.items()
            if each.person
        }
        self._everybody: dict[Kind, Bucket] = {
            kind: Bucket(each.everybody) for kind, each in scaled.items() if each.everybody
        }
        self._misses: Buckets[str] = Buckets(MISSES.scaled(scale), at_most=NETWORKS_MAX)
        self._sessions: Buckets[bytes] = Buckets(SESSION.scaled(scale), at_most=NETWORKS_MAX)
        self._sign_ins = SignIns(free=int(SIGN_IN_FREE * scale))
        self._open: OrderedDict[bytes, int] = OrderedDict()
        self.refused: Counter[Kind] = Counter()

    # ---- what is asked for

    def by_person(self, kind: Kind) -> bool:
        """Whether a person has an allowance of their own for this kind."""
        return kind in self._people

    def admit(self, kind: Kind, network: str, person: bytes | None = None) -> int:
        """Take one of each allowance, or of none: 0, or after so many ms it is worth trying again."""
        if kind == "unlimited":
            return 0
        now_ns = self._clock_ns()
        buckets = [self._networks[kind].of(network, now_ns)]
        if person is not None and kind in self._people:
            buckets.insert(0, self._people[kind].of(person, now_ns))
        if kind in self._everybody:
            buckets.append(self._everybody[kind])
        wait_ms = take_all(buckets, now_ns)
        if kind == "sign_in" and not wait_ms:
            wait_ms = self._sign_ins.attempt(network, now_ns)
        return wait_ms

    def charge(self, kind: Kind, network: str, cost: int) -> None:
        """Take more for what was admitted as one; what is not there is owed."""
        now_ns = self._clock_ns()
        if cost > 0:
            self._networks[kind].of(network, now_ns).take(now_ns, cost)
            if kind in self._everybody:
                self._everybody[kind].take(now_ns, cost)

    def buckets(self, kind: Kind, network: str | None) -> list[Bucket]:
        """The shared buckets of this kind, for a message of a connection; none without a network."""
        if network is None:
            return []
        everybody = self._everybody.get(kind)
        own = self._networks[kind].of(network, self._clock_ns())
        return [own] if everybody is None else [own, everybody]

    # ---- guesses

    def guess(self, network: str) -> int:
        """Whether this network may ask for something by its name: 0, or a time in ms to wait."""
        now_ns = self._clock_ns()
        bucket = self._misses.of(network, now_ns)
        return max(bucket.promise_ms(now_ns), 1) if bucket.wait_ns(now_ns) else 0

    def missed(self, network: str) -> None:
        """It was not there."""
        now_ns = self._clock_ns()
        self._misses.of(network, now_ns).take(now_ns)

    def signed_in(self, network: str) -> None:
        """Somebody of this network signed in."""
        self._sign_ins.succeeded(network)

    # ---- admins, whose work strangers of the same network do not hinder

    def is_known_open(self, session: bytes) -> bool:
        """Whether this admin session was open less than ``SESSION_KNOWN_SECONDS`` ago."""
        return self._open.get(session, 0) > self._clock_ns()

    def found_open(self, session: bytes) -> None:
        """This admin session is open now."""
        self._open[session] = self._clock_ns() + SESSION_KNOWN_SECONDS * SECOND_NS
        self._open.move_to_end(session)
        if len(self._open) > NETWORKS_MAX:
            self._open.popitem(last=False)

    def admit_session(self, session: bytes) -> int:
        """As ``admit``, for an admin session that is open."""
        now_ns = self._clock_ns()
        return take_all([self._sessions.of(session, now_ns)], now_ns)


@dataclass(slots=True)
class _Attempts:
    number: int
    last_ns: int
    next_ns: int


class SignIns:
    """Attempts to sign in, by network: after some without success the wait doubles each time.

    An attempt counts when it is admitted, so that many at once count as many.
    """

    def __init__(self, *, free: int) -> None:
        self._free = free
        self._attempts: OrderedDict[str, _Attempts] = OrderedDict()

    def attempt(self, network: str, now_ns: int) -> int:
        """Admit one: 0, or the time in ms until the next is admitted."""
        known = self._attempts.get(network)
        if known is None or now_ns - known.last_ns > SIGN_IN_FORGOTTEN_SECONDS * SECOND_NS:
            known = self._attempts[network] = _Attempts(0, now_ns, 0)
        self._attempts.move_to_end(network)
        if len(self._attempts) > NETWORKS_MAX:
            self._attempts.popitem(last=False)
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
        """Begin anew."""
        self._attempts.pop(network, None)
