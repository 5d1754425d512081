"""Log lines: an event and its fields; JSON when nobody watches, text on a terminal.

Libraries that use the standard library's logging (uvicorn, asyncio, NiceGUI, alembic) come out in
the same form, as do warnings and errors that nobody caught: nothing else writes to standard error.
Whatever the source, a line has no secret and no full address in it (`app.redaction`,
`app.tracebacks`), it is one line, and there are not too many of its kind (`app.log_handler`).
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, MutableMapping
from typing import Any, Final

import orjson
import structlog

from app.log_handler import LogHandler
from app.redaction import redacted_value
from app.settings import LogFormat
from app.tracebacks import rendered

OURS: Final = ("app", "configurator", "realtime", "storage", "ui", "workers")
"""Only these tell more at level debug: libraries would tell headers and frames, with tokens in them."""

QUIET: Final = {"httpx": "warning", "engineio": "warning", "socketio": "warning", "alembic": "warning",
                "python_multipart": "warning", "watchfiles": "warning"}  # fmt: skip

HANDLERS_OF_THEIR_OWN: Final = ("engineio.server", "socketio.server")
"""These add a handler that prints what they were sent, as it is, unless their level is set."""

EVERY_CONNECTION: Final = ("[accepted]", "connection open", "connection closed")
"""What the web server says of each socket, at level info: 97 of 100 lines, and a metric counts them."""

EVERY_HANDSHAKE: Final = ('%s - "WebSocket ', "connection rejected ")
"""What it says of each handshake, with the address and the path of whoever asked."""

REFUSED_BY_US: Final = "ASGI callable returned without completing handshake."
"""What it calls an error of ours: a handshake that we answered with a response (`Handshakes`)."""

VOUCHED: Final = frozenset(
    {
        "configuration",
        "entry",
        "epoch",
        "exc_info",
        "level",
        "logger",
        "node",
        "nodes",
        "stack",
        "ts",
    }
)
"""Fields with ids and names that we made: no text of anybody else comes into them."""

Fields = MutableMapping[str, Any]


def configure_logging(*, level: str, form: LogFormat, node: str) -> None:
    """Route everything that is logged to standard error, once per process."""
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
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(timestamp_key="ts", colors=sys.stderr.isatty())
        if text
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            redact,
            _with_traceback,
            renderer,
        ],
    )
    handler, last_resort = (LogHandler(sys.stderr, monotonic=time.monotonic) for _ in range(2))
    handler.setFormatter(formatter)
    last_resort.setFormatter(formatter)
    last_resort.setLevel(logging.WARNING)
    logging.basicConfig(handlers=[handler], level=max(logging.INFO, _level(level)), force=True)
    logging.lastResort = last_resort
    logging.captureWarnings(capture=True)
    for name in OURS:
        logging.getLogger(name).setLevel(_level(level))
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(_level(least))
    for name in HANDLERS_OF_THEIR_OWN:
        logging.getLogger(name).setLevel(logging.WARNING)
    only_our_handler()
    server = logging.getLogger("uvicorn.error")
    server.removeFilter(_tells_news)
    server.addFilter(_tells_news)
    _log_what_nobody_caught()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def only_our_handler() -> None:
    """Take away the handlers that libraries gave their loggers, so that every line comes to ours."""
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger) and logger.handlers:
            logger.handlers.clear()
            logger.propagate = True


def redact(_logger: object, _method: str, fields: Fields) -> Fields:
    """Cut secrets and full addresses out of every text in the line."""
    for name, value in fields.items():
        if name not in VOUCHED:
            fields[name] = redacted_value(value)
    return fields


def _log_what_nobody_caught() -> None:
    """The interpreter prints these to standard error as they are."""
    log = structlog.get_logger(__name__)
    sys.excepthook = lambda _kind, error, _trace: log.critical("not_caught", exc_info=error)
    threading.excepthook = lambda args: log.error("not_caught_in_thread", exc_info=args.exc_value)
    sys.unraisablehook = lambda args: log.error("not_raised", exc_info=args.exc_value)


def _tells_news(record: logging.LogRecord) -> bool:
    text = str(record.msg)
    if text == REFUSED_BY_US:
        return False
    return record.levelno != logging.INFO or not (
        text.endswith(EVERY_CONNECTION) or text.startswith(EVERY_HANDSHAKE)
    )


def _with_traceback(_logger: object, _method: str, fields: Fields) -> Fields:
    thrown = fields.pop("exc_info", None)
    if isinstance(thrown, tuple):
        thrown = thrown[1]
    elif thrown and not isinstance(thrown, BaseException):
        thrown = sys.exc_info()[1]
    if isinstance(thrown, BaseException):
        fields["exception"] = rendered(thrown)
    return fields


def _without_colours(_logger: object, _method: str, fields: Fields) -> Fields:
    fields.pop("color_message", None)  # uvicorn's event once more, for a terminal
    return fields


def _named(node: str) -> Callable[[object, str, Fields], Fields]:
    def add(_logger: object, _method: str, fields: Fields) -> Fields:
        fields.setdefault("node", node)
        return fields

    return add


def _level(name: str) -> int:
    return logging.getLevelNamesMapping()[name.upper()]


def _json(value: object, **_options: object) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
