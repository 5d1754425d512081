"""Log lines: JSON, one per fact, and no token in any."""

import io
import json
import logging
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from pathlib import Path

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.log_handler import LINES_AT_ONCE, REPORT_SECONDS, LogHandler
from app.logging import redact
from app.redaction import redacted
from app.tracebacks import rendered
from storage.errors import StorageDefect
from tests.support.processes import CHECKOUT

PROGRAM = """
import logging, structlog
from app.logging import configure_logging
configure_logging(level="info", form="auto", node="here")
structlog.get_logger("ours").info("op_committed", version=3, path="/c/x?token=hush")
logging.getLogger("uvicorn.error").info('GET %s answered', "/admin/login?token=hush")
logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', "127.0.0.1:1", "/ws")
logging.getLogger("uvicorn.error").info("connection open")
logging.getLogger("any").debug("not shown")
logging.getLogger("engineio.server").addHandler(logging.StreamHandler())
from app.logging import only_our_handler
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
    began = time.process_time()
    redacted(text)
    assert time.process_time() - began < 0.02


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


def handler_on(clock: Clock) -> tuple[logging.Logger, LogHandler, io.StringIO]:
    written = io.StringIO()
    handler = LogHandler(written, monotonic=clock)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s %(of)s %(lines)s",
                                           defaults={"of": "", "lines": ""}))  # fmt: skip
    logger = logging.Logger("there")  # noqa: LOG001 - one of its own
    logger.addHandler(handler)
    return logger, handler, written


def test_lines_of_one_kind_are_counted_when_there_are_too_many() -> None:
    clock = Clock()
    logger, handler, written = handler_on(clock)
    for _ in range(100):
        logger.warning("same")
    assert written.getvalue().count("same") == LINES_AT_ONCE
    logger.warning("another")
    assert "another" in written.getvalue()
    assert "lines_left_out" not in written.getvalue()
    clock.now += REPORT_SECONDS
    logger.info("news")
    assert f"lines_left_out there:{_line_of('same')} {100 - LINES_AT_ONCE}\n" in written.getvalue()
    for _ in range(100):
        logger.warning("last")
    handler.close()
    assert written.getvalue().endswith(f" {100 - LINES_AT_ONCE}\n")


def test_an_error_of_another_type_is_another_kind() -> None:
    logger, _handler, written = handler_on(Clock())
    for kind in [OSError] * 50 + [ValueError]:
        try:
            raise kind
        except (OSError, ValueError):
            logger.exception("failed")
    assert written.getvalue().count("ERROR failed") == LINES_AT_ONCE + 1


def test_a_line_that_cannot_be_written_is_named_without_what_it_says(
    capfd: pytest.CaptureFixture[str],
) -> None:
    logger, _handler, written = handler_on(Clock())
    logger.warning("%s and %s", "secret")  # noqa: PLE1206 - that is the mistake
    assert written.getvalue() == "WARNING log_line_unwritable there \n"
    assert capfd.readouterr().err == ""


def _line_of(text: str) -> int:
    lines = Path(__file__).read_text().splitlines()
    return next(n for n, line in enumerate(lines, start=1) if f'logger.warning("{text}")' in line)
