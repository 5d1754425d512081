"""The allowances of networks and people: nothing is without one, and what the documents say is true."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from starlette.routing import BaseRoute

from app.settings.settings import parse_settings
from app.web import Web
from realtime.api.declared.endpoints import EndpointRoute
from realtime.edge.limiting import is_guarded, kind_of
from realtime.limits import allowances
from realtime.limits.allowances import (
    ALLOWANCES,
    DAY,
    HOUR,
    MISSES,
    NETWORKS_MAX,
    SIGN_IN_FREE,
    SIGN_IN_MAX_SECONDS,
    Allowance,
    LimitKind,
    RequestLimits,
)
from realtime.limits.buckets import Rate
from realtime.people.networks import network_in
from tests.realtime.limits.test_limits import Clock

SECURITY = Path(__file__).parents[3] / "docs" / "security.md"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> RequestLimits:
    return RequestLimits(scale=1.0, clock_ns=clock)


def taken(limits: RequestLimits, kind: LimitKind, network: str, times: int) -> int:
    return sum(limits.admit(kind, network) == 0 for _ in range(times))


def test_no_route_is_without_a_limit() -> None:
    """Endpoints have it in themselves; pages, files and sockets are wrapped."""
    web = Web(parse_settings({"DATABASE_URL": "postgresql://x@y/z", "REDIS_URL": "redis://x"}))
    routes: list[BaseRoute] = list(web.app.routes)
    assert len(routes) > 60
    for route in routes:
        assert isinstance(route, EndpointRoute) or is_guarded(route.app), route  # type: ignore[attr-defined]
    unlimited = {
        path
        for path, operations in web.routes.described["paths"].items()
        for operation in operations.values()
        if "429" not in operation["responses"]
    }
    assert unlimited == {"/healthz", "/readyz"}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "page"),
        ("/c/ABCD1234", "page"),
        ("/dashboard", "page"),
        ("/nothing.php", "page"),
        ("/_nicegui/3.18.0/static/vue.js", "asset"),
        ("/assets/0123/js/track.js", "asset"),
        ("/openapi.json", "asset"),
        ("/socket.io/", "socket"),
        ("/_nicegui_ws/socket.io/", "socket"),
    ],
)
def test_a_route_that_is_not_an_endpoint_has_the_kind_of_its_address(
    path: str, kind: LimitKind
) -> None:
    assert kind_of({"type": "http", "path": path, "query_string": b""}) == kind


@pytest.mark.parametrize(
    ("path", "query", "kind"),
    [
        ("/ws", b"sid=1", "socket"),
        ("/socket.io/", b"EIO=4&sid=1", "poll"),
        ("/_nicegui_ws/socket.io/", b"sid=1&EIO=4", "poll"),
        ("/socket.io/", b"EIO=4&sid=", "socket"),
        ("/socket.io/", b"EIO=4&sid=&a=1", "socket"),
        ("/socket.io/", b"EIO=4&tsid=1", "socket"),
        ("/socket.io/", b"EIO=4&t=?sid=1", "socket"),
    ],
)
def test_only_the_session_of_an_engine_makes_a_poll(
    path: str, query: bytes, kind: LimitKind
) -> None:
    """Any query with `sid=` in it made a new socket count as the poll of an old one."""
    assert kind_of({"type": "websocket", "path": path, "query_string": query}) == kind


def test_a_network_and_a_person_get_what_the_table_says_and_what_was_promised(
    limits: RequestLimits, clock: Clock
) -> None:
    for kind, each in ALLOWANCES.items():
        if kind in {"sign_in", "track"}:
            continue
        network = f"of {kind}"
        assert taken(limits, kind, network, each.network.burst + 50) == each.network.burst
        wait_ms = limits.admit(kind, network)
        assert limits.admit(kind, "another") == 0
        clock.wait_ms(wait_ms)
        assert limits.admit(kind, network) == 0, kind
        if each.person:
            person = [limits.admit(kind, f"{kind} {n}", b"anna") for n in range(each.person.burst)]
            assert person == [0] * each.person.burst
            clock.wait_ms(limits.admit(kind, "wherever", b"anna"))
            assert limits.admit(kind, "wherever", b"anna") == 0


def test_another_address_of_the_same_subscriber_is_the_same_network() -> None:
    """Any of the 2^64 addresses behind one line, and IPv4 written as IPv6."""
    rotated = {network_in({"client": (f"2001:db8:7:{n}::{n:x}", 1)}) for n in range(1, 999)}
    assert rotated == {"2001:db8:7::/48"}
    assert network_in({"client": ("::ffff:198.51.100.7", 1)}) == "198.51.100.0/24"
    assert network_in({"client": ("198.51.100.200", 1)}) == "198.51.100.0/24"
    assert {network_in({"client": None}), network_in({})} == {""}
    assert {network_in({"client": (each, 1)}) for each in ("x" * 10_000, "x", "_")} == {"unknown"}


def test_many_networks_together_make_no_more_than_everybody_may(limits: RequestLimits) -> None:
    """One attacker behind a proxy, or with a /32 of IPv6, has many networks: each /48 is one."""
    for kind, each in ALLOWANCES.items():
        if each.everybody is None or kind == "track":
            continue
        count = sum(
            limits.admit(kind, f"{kind} {n}") == 0 for n in range(each.everybody.burst + 99)
        )
        assert count == each.everybody.burst, kind


def test_interactions_are_counted_by_what_they_cost_and_the_debt_is_waited_for(
    limits: RequestLimits, clock: Clock
) -> None:
    rate = ALLOWANCES["track"].network
    batches = 0
    while not (wait_ms := limits.admit("track", "a")):
        limits.charge("track", "a", 499)
        batches += 1
    assert rate.burst <= batches * 500 < rate.burst + 500
    clock.wait_ms(wait_ms)
    assert limits.admit("track", "a") == 0


def _guessed_wrong(limits: RequestLimits, name: str) -> int:
    limits.missed(name)
    return limits.guess(name)


@pytest.mark.parametrize(
    "use",
    [
        lambda limits, name: limits.admit("write", name),
        lambda limits, name: limits.admit("write", name, name.encode()),
        lambda limits, name: limits.admit("sign_in", name),
        lambda limits, name: limits.admit_session(name.encode()),
        _guessed_wrong,
    ],
    ids=["network", "person", "sign-ins", "session", "guesses"],
)
def test_however_many_come_only_the_latest_are_remembered(
    limits: RequestLimits, use: Callable[[RequestLimits, str], int]
) -> None:
    """A table without a bound would fill the memory, and never forget the first of them."""
    while not use(limits, "first"):
        pass
    for n in range(NETWORKS_MAX - 1):
        use(limits, f"another {n}")
    assert use(limits, "first") > 0
    for n in range(NETWORKS_MAX):
        use(limits, f"one more {n}")
    assert use(limits, "first") == 0


def test_only_the_latest_admin_sessions_are_known_to_be_open(limits: RequestLimits) -> None:
    limits.found_open(b"first")
    assert limits.is_known_open(b"first")
    for n in range(NETWORKS_MAX):
        limits.found_open(f"{n}".encode())
    assert not limits.is_known_open(b"first")


def test_waiting_doubles_with_each_sign_in_that_fails_and_ends_with_one_that_succeeds(
    limits: RequestLimits, clock: Clock
) -> None:
    """A thousand guesses take more than three days."""
    waits = []
    for _ in range(20):
        wait_ms = limits.admit("sign_in", "a")
        if wait_ms:
            assert limits.admit("sign_in", "a") == wait_ms
            clock.wait_ms(wait_ms)
            assert limits.admit("sign_in", "a") == 0
        waits.append(wait_ms / 1000)
    assert waits[:SIGN_IN_FREE] == [0] * SIGN_IN_FREE
    assert waits[SIGN_IN_FREE : SIGN_IN_FREE + 4] == [2, 4, 8, 16]
    assert waits[-1] == SIGN_IN_MAX_SECONDS
    assert limits.admit("sign_in", "another") == 0
    limits.signed_in("a")
    assert limits.admit("sign_in", "a") == 0


def test_hundred_sign_ins_at_the_same_moment_count_as_hundred(limits: RequestLimits) -> None:
    assert taken(limits, "sign_in", "a", 100) == SIGN_IN_FREE


def test_wrong_guesses_are_used_up_and_come_back(limits: RequestLimits, clock: Clock) -> None:
    for _ in range(MISSES.burst):
        assert limits.guess("a") == 0
        limits.missed("a")
    wait_ms = limits.guess("a")
    assert wait_ms > 0
    assert limits.guess("b") == 0
    clock.wait_ms(wait_ms)
    assert limits.guess("a") == 0


def test_every_figure_stands_in_the_documents() -> None:
    rows = dict(_documented())
    assert rows == {kind: _written(each) for kind, each in ALLOWANCES.items()}
    assert set(get_args(LimitKind)) == {*ALLOWANCES, "unlimited"}
    text = SECURITY.read_text("utf-8")
    assert f"one of {MISSES.burst} misses" in text
    assert f"remembers {NETWORKS_MAX:,} networks" in text
    session = allowances.SESSION
    assert f"({session.per_second} a second, {session.burst} at once)" in text


def _documented() -> Iterator[tuple[str, list[str]]]:
    row = re.compile(r"^\| .* \| `(\w+)` \| (.*) \| (.*) \| (.*) \|$", re.MULTILINE)
    table = SECURITY.read_text("utf-8").partition("| What | Kind |")[2].partition("\n\n")[0]
    for kind, *figures in row.findall(table.replace("| | |", "|  |  |").replace("| |", "|  |")):
        yield kind, [figure.strip() for figure in figures]


def _written(allowance: Allowance) -> list[str]:
    return [_rate(each) for each in (allowance.network, allowance.person, allowance.everybody)]


def _rate(rate: Rate | None) -> str:
    if rate is None:
        return ""
    for unit, seconds in (("", 1), ("/hour", HOUR), ("/day", DAY)):
        number = round(rate.per_second * seconds, 6)
        if float(2 * number).is_integer():
            return f"{number:g}{unit} ({rate.burst})"
    raise AssertionError(rate)
