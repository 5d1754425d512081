"""Log lines: JSON, one per fact, and no token in any."""

import gc
import io
import json
import logging
import subprocess
import sys
import time
import weakref
from base64 import urlsafe_b64encode
from collections.abc import Callable

import asyncpg
import pytest
import redis.exceptions
import structlog
from hypothesis import given
from hypothesis import strategies as st

from app.logs.handler import FOLD_SECONDS, LINES_AT_ONCE, LogHandler
from app.logs.redaction import redacted
from app.logs.setup import redact
from app.logs.tracebacks import rendered
from storage.errors import StorageDefect
from tests.support.programs.processes import CHECKOUT

PROGRAM = """
import logging, structlog
from app.logs.setup import configure_logging
configure_logging(level="info", form="auto", node="here")
structlog.get_logger("ours").info("op_committed", version=3, path="/c/x?token=hush")
logging.getLogger("uvicorn.error").info('GET %s answered', "/admin/login?token=hush")
logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', "127.0.0.1:1", "/ws")
logging.getLogger("uvicorn.error").info("connection open")
logging.getLogger("any").debug("not shown")
logging.getLogger("engineio.server").addHandler(logging.StreamHandler())
from app.logs.setup import only_our_handler
only_our_handler()
logging.getLogger("engineio.server").error('Invalid session %s', 'A\\n{"event":"forged"}')
logging.getLogger("app.x").debug("not shown")
logging.getLogger("uvicorn.access").propagate = False
only_our_handler()
logging.getLogger("uvicorn.access").info("not shown")
def thread():
    raise ValueError("in a thread: token=hush")
import threading
one = threading.Thread(target=thread); one.start(); one.join()
try:
    raise OSError("cannot reach postgresql://nest:hush@db/nest?password=hush")
except OSError:
    logging.getLogger("asyncio").exception("lost")
raise KeyError("hush@example.org")
"""


def test_lines_of_every_source_are_json_without_secrets() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    ours, theirs, forged, thread, failure, end = lines
    assert (forged["event"], forged["level"]) == (r'Invalid session A\n{"event":"forged"}', "error")
    assert (thread["event"], end["event"]) == ("not_caught_in_thread", "not_caught")
    assert end["exception"].endswith("KeyError: '[e-mail]'")
    assert ours["event"] == "op_committed"
    assert (ours["version"], ours["path"], ours["node"]) == (3, "/c/x", "here")
    assert (ours["level"], ours["logger"]) == ("info", "ours")
    assert ours["ts"].endswith("Z")
    assert theirs["event"] == "GET /admin/login answered"
    assert "postgresql://db/nest" in failure["exception"]
    assert "hush" not in done.stderr


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("GET /admin/login?token=abc HTTP/1.1", "GET /admin/login HTTP/1.1"),
        ("/ws?abc /ws?a'b\"c /ws%3Fabc /ws%253fabc /c/x#abc", "/ws /ws /ws /ws /c/x"),
        ("'http://h/p?a=1&b=2'", "'http://h/p'"),
        ("redis://:secret@cache:6379/0", "redis://cache:6379/0"),
        ("postgresql://nest:p@ss@db/nest", "postgresql://db/nest"),
        ("really? yes", "really? yes"),
        ("from anna@example.org and a%40b.org", "from [e-mail] and [e-mail]"),
        ("network=203.0.113.0/24 2001:db8:1::/48.", "network=203.0.113.0/24 2001:db8:1::/48."),
        ("10.0.0.0/16 10.0.7.9/16, 10.0.7.9/8.", "10.0.0.0/16 10.0.0.0/16, 10.0.0.0/8."),
        ("198.51.100.77/24 198.51.100.77/32", "198.51.100.0/24 198.51.100.0/24"),
        ("2001:DB8:1:2::7/32 2001:db8::/56", "2001:db8::/32 2001:db8::/48"),
        ("['10.0.0.0/16', '127.0.0.0/8', '::1/128']", "['10.0.0.0/16', '127.0.0.0/8', '::1/128']"),
        ("::ffff:10.0.7.9/16 ::ffff:10.0.7.9/112", "10.0.0.0/16 10.0.7.0/24"),
        ("198.51.100.77:5233 - x", "198.51.100.0/24 - x"),
        ("('198.51.100.77', 5233)", "('198.51.100.0/24')"),
        ("::ffff:198.51.100.77 [2001:db8:1:2::7]:80", "198.51.100.0/24 [2001:db8:1::/48]:80"),
        ("2001:db8:1:2:3:4:5:6:0 - x", "2001:db8:1::/48 - x"),
        ("127.0.0.1:8080 ::1 0.0.0.0", "127.0.0.1:8080 ::1 0.0.0.0"),
        ("at 12:34:56 in app::main of 999.1.1.1", "at 12:34:56 in app::main of [address]"),
        ("Cookie: nest_person=abc; x=y", "Cookie: [...]"),
        ("{'authorization': 'Bearer abc'}", "{'authorization': [...]"),
        ("token=abc&ticket: 'def'", "token=[...]&ticket: '[...]'"),
        ("/ws/bXGkP-1h7mUoQ_0rT5zYcN", "/ws/[...]"),
        ("0197a000-0000-7000-8000-000000000001 gone", "[...] gone"),
        ("ConnectionDoesNotExistError 57P01", "ConnectionDoesNotExistError 57P01"),
        ("request_not_served_by_anybody", "request_not_served_by_anybody"),
        ("two\nlines\x1b[2K\u2028\u202e\x85", r"two\nlines\x1b[2K\u2028\u202e\x85"),
    ],
)
def test_redaction(text: str, safe: str) -> None:
    assert redact(None, "info", {"event": text}) == {"event": safe}


def test_names_of_errors_are_words() -> None:
    """An operator at night needs them more than anything else in the line."""
    kinds = [*vars(asyncpg.exceptions).values(), *vars(redis.exceptions).values()]
    names = {each.__name__ for each in kinds if isinstance(each, type)}
    told = {each for each in names if each.endswith(("Error", "Exception", "Warning"))}
    assert len(told) > 200
    assert [
        each
        for each in sorted(told)
        if redacted(f"PostgreSQL: {each} 55000") != f"PostgreSQL: {each} 55000"
    ] == []


def test_a_network_is_written_in_one_way_however_often_it_is_redacted() -> None:
    told = "10.0.0.0/16 10.0.7.0/24 2001:db8::/32 2001:db8:1::/48 127.0.0.1:80 [address]"
    assert redact(None, "info", {"event": told}) == {"event": told}


def test_values_of_every_kind_are_looked_through() -> None:
    fields = {
        "n": 3,
        "client": ("198.51.100.77", 1),
        "headers": {b"cookie": b"a=b"},
        "node": "a" * 40,
    }
    told = redact(None, "info", fields)
    assert told == {
        "n": 3,
        "client": ["198.51.100.0/24", 1],
        "headers": {"b'cookie'": "b'a=b'"},
        "node": "a" * 40,
    }


@given(st.text(max_size=400), st.binary(min_size=16, max_size=40), st.text(max_size=400))
def test_a_token_is_found_wherever_it_stands(before: str, secret: bytes, after: str) -> None:
    token = urlsafe_b64encode(secret).decode().rstrip("=")
    if "=" not in before[-1:]:
        assert token not in redacted(f"{before}/{token} {after}")
    assert redacted(f"{before}{after}").isprintable()


@pytest.mark.parametrize("text", ["::1" * 30_000, "a@" * 50_000, "?" * 100_000, "1.1.1." * 20_000,
                                  "token=" * 20_000, "%3f" * 40_000, "A-" * 50_000])  # fmt: skip
def test_a_long_text_costs_little(text: str) -> None:
    def seconds() -> float:
        began = time.process_time()
        redacted(text)
        return time.process_time() - began

    assert min(seconds() for _ in range(5)) < 0.02  # another time something else may cost more


def test_a_traceback_tells_where_and_not_what_was_sent() -> None:
    def defect(row: str) -> None:
        try:
            raise asyncpg.UniqueViolationError(row)
        except asyncpg.PostgresError as error:
            raise StorageDefect('anna@example.org\n{"event": "admin_logged_in"}') from error

    with pytest.raises(StorageDefect) as caught:
        defect(f"Key (name)=({'Anna'}) already exists.")
    text = rendered(caught.value)
    assert text.count("Traceback (most recent call last):") == 2
    assert "in defect" in text
    assert "asyncpg.exceptions.UniqueViolationError 23505\n" in text
    assert text.endswith("storage.errors.StorageDefect: [e-mail]")
    assert "Anna) already" not in text


def test_errors_within_errors_are_bounded() -> None:
    error: BaseException = ValueError("0")
    for number in range(1, 50):
        try:
            raise BaseExceptionGroup("many", [error, error]) if number % 2 else KeyError(number)
        except (BaseExceptionGroup, KeyError) as found:
            found.__context__ = error
            error = found
    assert len(rendered(error)) < 20_000


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Written:
    """A handler whose time stands still until `pass_time`, and what it wrote."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.stream = io.StringIO()
        self._later: list[Callable[[], None]] = []
        self.handler = LogHandler(
            self.stream,
            monotonic=self.clock,
            later=lambda _seconds, then: self._later.append(then),
        )
        self.handler.setFormatter(logging.Formatter("%(levelname)s %(message)s %(error)s %(again)s",
                                                    defaults={"error": "", "again": ""}))  # fmt: skip
        self.logger = logging.Logger("there")  # noqa: LOG001 - one of its own
        self.logger.addHandler(self.handler)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.stream.getvalue().splitlines()]

    def pass_time(self) -> None:
        """One second, and what was to be done when it is over; no other line comes."""
        self.clock.now += FOLD_SECONDS
        due, self._later = self._later, []
        for each in due:
            each()


def test_a_line_that_repeats_is_one_line_a_second_with_a_count() -> None:
    written = Written()
    for _ in range(3):
        for _ in range(118):
            written.logger.warning("refused")
        written.pass_time()
    assert written.lines == [
        "WARNING refused",
        "WARNING refused  117",
        "WARNING refused  118",
        "WARNING refused  118",
    ]
    written.pass_time()
    for _ in range(2):
        written.logger.warning("refused")
    assert written.lines[4:] == ["WARNING refused"]
    written.handler.close()
    assert written.lines[5:] == ["WARNING refused  1"]


def test_a_line_with_another_text_is_written_at_once() -> None:
    written = Written()
    log = structlog.wrap_logger(
        written.logger, processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
    )
    for route in ["/api/a", "/api/b", "/api/a"]:
        log.warning("request_not_served", route=route)
    assert [each.count("/api/a") for each in written.lines] == [1, 0]
    written.pass_time()
    assert "'route': '/api/a', 'event': 'request_not_served', 'again': 1" in written.lines[2]


def test_lines_that_all_differ_are_bounded_and_counted() -> None:
    written = Written()
    log = structlog.wrap_logger(
        written.logger, processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
    )
    for number in range(10_000):
        log.warning("buried", entry=number)
    written.logger.warning("elsewhere")
    assert len(written.lines) == LINES_AT_ONCE + 1
    for _ in range(3):
        written.pass_time()
    assert f"'again': {10_000 - LINES_AT_ONCE}" in written.lines[-1]
    assert len(written.lines) == LINES_AT_ONCE + 2


def test_the_traceback_of_an_error_is_written_once_and_kept_by_nobody() -> None:
    class AwayError(Exception):
        """Errors of Python itself cannot be referred to weakly."""

    written, thrown = Written(), []
    for kind in [AwayError] * 50 + [StorageDefect]:
        try:
            raise kind
        except (AwayError, StorageDefect) as error:
            thrown.append(weakref.ref(error))
            written.logger.exception("failed")
    written.handler.close()
    assert written.stream.getvalue().count("Traceback") == 2
    assert written.lines[-1] == "ERROR failed AwayError 49"
    gc.collect()
    assert [each() for each in thrown] == [None] * 51


def test_counts_are_written_without_another_line_coming() -> None:
    """The real timer, and the real end of a process."""
    program = (
        "import structlog\nfrom app.logs.setup import configure_logging\n"
        "configure_logging(level='info', form='json', node='here')\n"
        "for _ in range(10):\n    structlog.get_logger('x').warning('refused', code='busy')\n"
    )
    waiting = "import sys, threading\nfor each in threading.enumerate():\n    each is threading.main_thread() or each.join()\n"
    for ending in ("", waiting):
        done = subprocess.run(
            [sys.executable, "-c", program + ending],
            cwd=CHECKOUT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        first, counted = map(json.loads, done.stderr.splitlines())
        assert "again" not in first
        assert (counted["event"], counted["code"], counted["again"]) == ("refused", "busy", 9)


def test_a_line_that_cannot_be_written_is_named_without_what_it_says(
    capfd: pytest.CaptureFixture[str],
) -> None:
    written = Written()
    written.logger.warning("%s and %s", "secret")  # noqa: PLE1206 - that is the mistake
    assert written.lines == ["WARNING log_line_unwritable"]
    assert capfd.readouterr().err == ""


def test_a_counted_line_that_cannot_be_written_stops_no_other_count() -> None:
    written = Written()
    for values in [("a", "b"), ("only one",)]:
        written.logger.warning("%s and %s", *values)
    for _ in range(2):
        written.logger.warning("refused")
    written.pass_time()
    assert sorted(written.lines[2:]) == ["WARNING log_line_unwritable", "WARNING refused  1"]
