"""Log lines: JSON, one per fact, and no token in any."""

import json
import subprocess
import sys

import pytest

from app.logging import redact
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
try:
    raise OSError("cannot reach postgresql://nest:hush@db/nest?password=hush")
except OSError:
    logging.getLogger("asyncio").exception("lost")
"""


def test_lines_of_every_source_are_json_without_secrets() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    ours, theirs, failure = (json.loads(line) for line in done.stderr.splitlines())
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
        ("redis://:secret@cache:6379/0", "redis://cache:6379/0"),
        ("'http://h/p?a=1&b=2'", "'http://h/p'"),
        ("really? yes", "really? yes"),
        ("mail@example.org", "mail@example.org"),
    ],
)
def test_redaction(text: str, safe: str) -> None:
    assert redact(None, "info", {"event": text}) == {"event": safe}
