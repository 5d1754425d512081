"""Log lines: an event and its fields; JSON when nobody watches, text on a terminal.

Libraries that use the standard library's logging (uvicorn, asyncio, NiceGUI, alembic) come out in
the same form. Whatever the source, no line carries a query string or the user part of a URL: that
is where tokens and passwords are.
"""

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import orjson
import structlog

from app.settings import LogFormat

CREDENTIALS = re.compile(r"(?<=://)[^\s/@'\"]+@")
QUERY = re.compile(r"(?<=[\w/.\]-])\?[^\s'\"<>)]*=[^\s'\"<>)]*")
QUIET = {"httpx": "warning", "engineio": "warning", "socketio": "warning", "alembic": "warning",
         "python_multipart": "warning", "watchfiles": "warning"}  # fmt: skip

EVERY_CONNECTION = ("[accepted]", "connection open", "connection closed")
"""What the web server says of each socket, at level info: 97 of 100 lines, and a metric counts them."""

Fields = MutableMapping[str, Any]


def configure_logging(*, level: str, form: LogFormat, node: str) -> None:
    """Route structlog and the standard library's logging to standard error, once per process."""
    text = form == "text" or (form == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        _without_colours,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        _named(node),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(timestamp_key="ts", colors=sys.stderr.isatty())
        if text
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(capture=True)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    server = logging.getLogger("uvicorn.error")
    server.removeFilter(_tells_news)
    server.addFilter(_tells_news)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _tells_news(record: logging.LogRecord) -> bool:
    return record.levelno != logging.INFO or not str(record.msg).endswith(EVERY_CONNECTION)


def redact(_logger: object, _method: str, fields: Fields) -> Fields:
    """Cut query strings and URL credentials out of every text in the line."""
    for name, value in fields.items():
        if isinstance(value, str) and ("?" in value or "@" in value):
            fields[name] = QUERY.sub("", CREDENTIALS.sub("", value))
    return fields


def _without_colours(_logger: object, _method: str, fields: Fields) -> Fields:
    fields.pop("color_message", None)  # uvicorn's event once more, for a terminal
    return fields


def _named(node: str) -> Callable[[object, str, Fields], Fields]:
    def add(_logger: object, _method: str, fields: Fields) -> Fields:
        fields.setdefault("node", node)
        return fields

    return add


def _json(value: object, **_options: object) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
