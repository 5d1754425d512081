"""Log lines: an event and its fields, as text on a terminal and as JSON otherwise.

Lines of libraries that use the standard library's logging (uvicorn, asyncio, NiceGUI, alembic) get
the same form, as do warnings and uncaught errors: nothing else writes to standard error. From any
source, an entry contains no secret and no full address (`app.logs.redaction`, `app.logs.tracebacks`),
is a single line, and is limited in number (`app.logs.handler`).
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any, Final

import orjson
import structlog

from app.logs.handler import LogHandler
from app.logs.redaction import redacted_value
from app.logs.tracebacks import rendered
from app.settings.readers import LogFormat

OURS: Final = ("app", "configurator", "realtime", "storage", "ui", "workers")
"""Only these log at level debug: libraries would log headers and frames that contain tokens."""

QUIET: Final = {"httpx": "warning", "engineio": "warning", "socketio": "warning", "alembic": "warning",
                "python_multipart": "warning", "watchfiles": "warning"}  # fmt: skip

HANDLERS_OF_THEIR_OWN: Final = ("engineio.server", "socketio.server")
"""These add a handler that prints received data unredacted, unless their level is set."""

EVERY_CONNECTION: Final = ("[accepted]", "connection open", "connection closed")
"""The web server's lines about each socket, at level info: 97 % of all lines; a metric counts them."""

EVERY_HANDSHAKE: Final = ('%s - "WebSocket ', "connection rejected ")
"""The web server's lines about each handshake, with the client's address and path."""

REFUSED_BY_US: Final = "ASGI callable returned without completing handshake."
"""A line that calls it our error if we answer a handshake with a response (`Handshakes`)."""

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
"""Fields with ids and names that we generate ourselves: they never contain foreign text."""

LogFields = MutableMapping[str, Any]


def configure_logging(*, level: str, form: LogFormat, node: str) -> None:
    """Route all logging to standard error; called once per process."""
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
    formatter = _formatter(shared, text=text)
    handler, last_resort = (LogHandler(sys.stderr, monotonic=time.monotonic) for _ in range(2))
    handler.setFormatter(formatter)
    last_resort.setFormatter(formatter)
    last_resort.setLevel(logging.WARNING)
    logging.basicConfig(handlers=[handler], level=max(logging.INFO, _level(level)), force=True)
    logging.lastResort = last_resort
    logging.captureWarnings(capture=True)
    _set_levels(level)
    _log_what_nobody_caught()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _formatter(
    shared: Sequence[structlog.typing.Processor], *, text: bool
) -> structlog.stdlib.ProcessorFormatter:
    """The formatter of every line. `text`: lines for people, otherwise JSON."""
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(timestamp_key="ts", colors=sys.stderr.isatty())
        if text
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            redact,
            _with_traceback,
            renderer,
        ],
    )


def _set_levels(level: str) -> None:
    """Give our loggers this level, and talkative libraries a higher one."""
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


def only_our_handler() -> None:
    """Remove the handlers that libraries gave their loggers, so that every line reaches ours."""
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger) and logger.handlers:
            logger.handlers.clear()
            logger.propagate = True


def redact(_logger: object, _method: str, fields: LogFields) -> LogFields:
    """Cut secrets and full addresses out of every text in the line."""
    for name, value in fields.items():
        if name not in VOUCHED:
            fields[name] = redacted_value(value)
    return fields


def _log_what_nobody_caught() -> None:
    """Log uncaught errors, which the interpreter would print to standard error unredacted."""
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


def _with_traceback(_logger: object, _method: str, fields: LogFields) -> LogFields:
    thrown = fields.pop("exc_info", None)
    if isinstance(thrown, tuple):
        thrown = thrown[1]
    elif thrown and not isinstance(thrown, BaseException):
        thrown = sys.exc_info()[1]
    if isinstance(thrown, BaseException):
        fields["exception"] = rendered(thrown)
    return fields


def _without_colours(_logger: object, _method: str, fields: LogFields) -> LogFields:
    fields.pop("color_message", None)  # uvicorn's event again, coloured for a terminal
    return fields


def _named(node: str) -> Callable[[object, str, LogFields], LogFields]:
    def add(_logger: object, _method: str, fields: LogFields) -> LogFields:
        fields.setdefault("node", node)
        return fields

    return add


def _level(name: str) -> int:
    return logging.getLevelNamesMapping()[name.upper()]


def _json(value: object, **_options: object) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
