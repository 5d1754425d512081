"""Settings: read once from the environment, checked together, frozen.

`SETTINGS` is the table a person reads (`nest doctor --settings`); `Settings` is what the code
gets. Errors: `SettingsError`, which names every problem at once.
"""

import errno
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from app.address import url_parts
from app.database_url import driver_url
from app.public_url import browser_origin
from app.redis_url import redis_driver_url
from configurator.visitor import Consent

T = TypeVar("T")
D = TypeVar("D")
LogFormat = Literal["auto", "json", "text"]

NODE_CHARACTERS = 64
LOG_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(Exception):
    """The environment holds values that cannot be used; `problems` has a sentence for each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One row of the table: environment variable, unit, default as text, reason."""

    name: str
    unit: str
    default: str
    reason: str


SETTINGS: tuple[Setting, ...] = (
    Setting(name="HOST", unit="address", default="127.0.0.1", reason="Only this machine, unless asked"),
    Setting(name="PORT", unit="1-65535", default="8080", reason="Where the web process listens"),
    Setting(name="NEST_PUBLIC_URL", unit="URL", default="http://HOST:PORT", reason="What links in invitations and on the admin login start with; set it behind a proxy"),
    Setting(name="NEST_TRUSTED_PROXIES", unit="addresses", default="(none)", reason="Whose X-Forwarded-For and X-Forwarded-Proto are believed: proxies or their networks, like 10.0.0.4,10.1.0.0/16"),
    Setting(name="NEST_HOME", unit="directory", default=".nest", reason="Data, sockets and logs of the embedded servers"),
    Setting(name="DATABASE_URL", unit="URL", default="(embedded)", reason="PostgreSQL 15 to 18, directly, without a pooler; parameters as libpq has them; empty: `nest run` starts its own"),
    Setting(name="NEST_WEB_DATABASE_URL", unit="URL", default="(DATABASE_URL)", reason="The same database with the login of the web processes (role nest_web)"),
    Setting(name="NEST_WORKER_DATABASE_URL", unit="URL", default="(DATABASE_URL)", reason="The same with the login of the workers (role nest_worker)"),
    Setting(name="NEST_ANALYTICS_DATABASE_URL", unit="URL", default="(NEST_WEB_DATABASE_URL)", reason="The same with the login that reads figures (role nest_analytics)"),
    Setting(name="REDIS_URL", unit="URL", default="(embedded)", reason="One Redis 7+ or Valkey 8+, no cluster: redis://, rediss:// (TLS), valkey://, valkeys:// or unix://; empty: `nest run` starts its own"),
    Setting(name="NEST_ADMIN_IDLE_MINUTES", unit="minutes", default="30", reason="A browser's admin session ends when it was not used for so long; 5 to 480. Programs' tokens end after 8 hours only"),
    Setting(name="NEST_DEV", unit="0 or 1", default="0", reason="Development drawer on the page; never in public"),
    Setting(name="NEST_TOKEN", unit="token", default="(none)", reason="Who `nest tail` and `nest edit` are; without one, beside a database: admin, and a person of their own"),
    Setting(name="NEST_NODE", unit="name", default="host-pid", reason="Name of this process in logs, presence and queues; unique among running processes"),
    Setting(name="NEST_DATABASE_POOL_SIZE", unit="connections", default="10", reason="Per process; the sum over processes stays under max_connections - 10"),
    Setting(name="NEST_DATABASE_DEADLINE_SECONDS", unit="seconds", default="5.0", reason="After this a request is answered 503 and may be retried"),
    Setting(name="NEST_REDIS_POOL_SIZE", unit="connections", default="20", reason="Per process, beside the subscription's own"),
    Setting(name="NEST_VALKEY_MEMORY_MB", unit="MB", default="1536", reason="Of the embedded Valkey; interactions are refused with 503 when four fifths are used, and everything else goes on"),
    Setting(name="NEST_REDIS_DEADLINE_SECONDS", unit="seconds", default="0.5", reason="Redis carries hints: never wait long for one"),
    Setting(name="NEST_COMPANY", unit="lines", default="(none)", reason="Who runs this, for imprint and privacy notice: name, address, e-mail, register, VAT number, with | between the lines"),
    Setting(name="NEST_CONSENT", unit="asked/required/assumed", default="asked", reason="asked: our pages store no interaction before the visitor agreed (cookie nest_consent=all), programs answer for their own visitors; required: the same for programs; assumed: stored until somebody objects; none, Sec-GPC and DNT always count"),
    Setting(name="NEST_KEEP_INTERACTIONS_DAYS", unit="days", default="90", reason="Older raw interactions are dropped, day by day; sessions and all counts stay. 0: for ever, else 7 or more"),
    Setting(name="NEST_AUDIT_KEY", unit="secret", default="(file)", reason="Signs the audit and hides whom it is about; the same for all processes, never changed, 32 characters or more; empty: NEST_HOME/audit.key, made at the first start"),
    Setting(name="NEST_METRICS_TOKEN", unit="token", default="(none)", reason="Bearer token with which GET /metrics answers, beside an admin's"),
    Setting(name="NEST_CONNECTIONS_PER_NETWORK", unit="connections", default="100", reason="Open at once from one network (IPv4 /24, IPv6 /48), per process; times NEST_LIMIT_SCALE"),
    Setting(name="NEST_LONG_POLLING", unit="0 or 1", default="1", reason="Whether Engine.IO may poll; 0 where requests of one client reach several web processes, as with `nest run --web 2`: sockets are WebSockets then"),
    Setting(name="NEST_LIMIT_SCALE", unit="factor", default="1", reason="Multiplies every limit of messages a second; larger than 1 only for load tests"),
    Setting(name="NEST_ALERT_WEBHOOK", unit="URL", default="(none)", reason="Gets a JSON post once when a threshold is crossed and once when it is over"),
    Setting(name="NEST_CSV_WEBHOOK", unit="URL", default="(none)", reason="Gets each scheduled CSV as a post, again up to five times until it is answered with success"),
    Setting(name="NEST_ALERT_LAG_SECONDS", unit="seconds", default="30", reason="Interactions that wait longer to be stored are an alert"),
    Setting(name="NEST_ALERT_ONLINE", unit="people", default="(none)", reason="More people at once are an alert"),
    Setting(name="NEST_MEMORY_BUDGET_MB", unit="MB", default="1024", reason="A web or worker process that is larger says so in its log, once, and again when it is smaller; nothing is refused for it"),
    Setting(name="NEST_DRAIN_SECONDS", unit="seconds", default="0", reason="How long a web process answers requests after SIGTERM until its proxy has noticed; 0 without a proxy, 2 with deploy/haproxy.cfg"),
    Setting(name="NEST_SHUTDOWN_DEADLINE_SECONDS", unit="seconds", default="10", reason="For open requests and connections after SIGTERM"),
    Setting(name="NEST_KEEP_SESSIONS_DAYS", unit="days", default="400", reason="Sessions that nobody touched for so long are removed, with their interactions and their share of every count"),
    Setting(name="NEST_KEEP_INQUIRIES_DAYS", unit="days", default="(kept)", reason="Inquiries older than this are deleted; empty: none"),
    Setting(name="NEST_LOG_LEVEL", unit="/".join(LOG_LEVELS), default="info", reason="Least severe line that is written"),
    Setting(name="NEST_LOG_FORMAT", unit="auto/json/text", default="auto", reason="auto: text on a terminal, JSON lines otherwise"),
)  # fmt: skip
_DEFAULTS = {setting.name: setting.default for setting in SETTINGS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a process is told from outside. URLs can hold passwords, so repr leaves them out.

    `database_url` starts with `postgresql://`; it, `redis_url`, `token`, `audit_key` and
    `metrics_token` are "" where none was given. `public_url` is an origin as browsers write it.
    `keep_inquiries_days` None: kept for ever.
    """

    host: str
    port: int
    public_url: str
    trusted_proxies: tuple[str, ...]
    home: Path
    database_url: str = field(repr=False)
    web_database_url: str = field(repr=False)
    worker_database_url: str = field(repr=False)
    analytics_database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    admin_idle_minutes: int
    dev: bool
    token: str = field(repr=False)
    node: str
    database_pool_size: int
    database_deadline_seconds: float
    redis_pool_size: int
    redis_deadline_seconds: float
    valkey_memory_mb: int
    company: tuple[str, ...]
    consent: Consent
    keep_interactions_days: int
    audit_key: str = field(repr=False)
    metrics_token: str = field(repr=False)
    connections_per_network: int
    long_polling: bool
    limit_scale: float
    alert_webhook: str = field(repr=False)
    csv_webhook: str = field(repr=False)
    alert_lag_seconds: float
    alert_online: int | None
    memory_budget_bytes: int
    drain_seconds: float
    shutdown_deadline_seconds: int
    keep_sessions_days: int
    keep_inquiries_days: int | None
    log_level: str
    log_format: LogFormat

    @property
    def has_logins(self) -> bool:
        """Whether a kind of process has a login of its own."""
        return bool(
            self.web_database_url or self.worker_database_url or self.analytics_database_url
        )

    @property
    def for_web(self) -> str:
        """The database with the login of the web processes."""
        return self.web_database_url or self.database_url

    @property
    def for_worker(self) -> str:
        """The database with the login of the workers."""
        return self.worker_database_url or self.database_url

    @property
    def for_analytics(self) -> str:
        """The database with the login that reads figures."""
        return self.analytics_database_url or self.for_web

    @property
    def local_url(self) -> str:
        """Where this machine reaches the web process."""
        return local_url(self.host, self.port)


def parse_settings(environ: Mapping[str, str], *, node: str = "local") -> Settings:
    """Settings from environment variables; an empty variable counts as absent.

    `node` is the default of NEST_NODE, which only the edge can know.
    Raises SettingsError with every problem.
    """
    reader = _Reader(environ)
    host = reader.take("HOST", _host, "127.0.0.1")
    port = reader.take("PORT", _integer(1, 65535), 8080)

    def database(name: str) -> str:
        return reader.take(name, lambda value: driver_url(value, environ), "")

    settings = Settings(
        host=host,
        port=port,
        public_url=reader.take("NEST_PUBLIC_URL", browser_origin, local_url(host, port)),
        trusted_proxies=reader.take("NEST_TRUSTED_PROXIES", _networks, ()),
        home=reader.take("NEST_HOME", _home, Path(".nest")),
        database_url=database("DATABASE_URL"),
        web_database_url=database("NEST_WEB_DATABASE_URL"),
        worker_database_url=database("NEST_WORKER_DATABASE_URL"),
        analytics_database_url=database("NEST_ANALYTICS_DATABASE_URL"),
        redis_url=reader.take("REDIS_URL", redis_driver_url, ""),
        admin_idle_minutes=reader.take("NEST_ADMIN_IDLE_MINUTES", _integer(5, 480), 30),
        dev=reader.take("NEST_DEV", _switch, False),
        token=reader.take("NEST_TOKEN", _token, ""),
        node=reader.take("NEST_NODE", _node, node),
        database_pool_size=reader.take("NEST_DATABASE_POOL_SIZE", _integer(2, 1000), 10),
        database_deadline_seconds=reader.take("NEST_DATABASE_DEADLINE_SECONDS", _seconds, 5.0),
        redis_pool_size=reader.take("NEST_REDIS_POOL_SIZE", _integer(2, 10_000), 20),
        redis_deadline_seconds=reader.take("NEST_REDIS_DEADLINE_SECONDS", _seconds, 0.5),
        valkey_memory_mb=reader.take("NEST_VALKEY_MEMORY_MB", _integer(16, 1_000_000), 1_536),
        company=reader.take("NEST_COMPANY", _lines, ()),
        consent=reader.take("NEST_CONSENT", _consent, "asked"),
        keep_interactions_days=reader.take("NEST_KEEP_INTERACTIONS_DAYS", _kept_days, 90),
        audit_key=reader.take("NEST_AUDIT_KEY", _secret, ""),
        metrics_token=reader.take("NEST_METRICS_TOKEN", _token, ""),
        connections_per_network=reader.take(
            "NEST_CONNECTIONS_PER_NETWORK", _integer(1, 1_000_000), 100
        ),
        long_polling=reader.take("NEST_LONG_POLLING", _switch, True),
        limit_scale=reader.take("NEST_LIMIT_SCALE", _scale, 1.0),
        alert_webhook=reader.take("NEST_ALERT_WEBHOOK", _webhook, ""),
        csv_webhook=reader.take("NEST_CSV_WEBHOOK", _webhook, ""),
        alert_lag_seconds=reader.take("NEST_ALERT_LAG_SECONDS", _seconds, 30.0),
        alert_online=reader.take("NEST_ALERT_ONLINE", _integer(1, 100_000_000), None),
        memory_budget_bytes=1_000_000
        * reader.take("NEST_MEMORY_BUDGET_MB", _integer(64, 1_000_000), 1_024),
        drain_seconds=reader.take("NEST_DRAIN_SECONDS", _pause, 0.0),
        shutdown_deadline_seconds=reader.take(
            "NEST_SHUTDOWN_DEADLINE_SECONDS", _integer(1, 3600), 10
        ),
        keep_sessions_days=reader.take("NEST_KEEP_SESSIONS_DAYS", _integer(1, 36_500), 400),
        keep_inquiries_days=reader.take("NEST_KEEP_INQUIRIES_DAYS", _integer(1, 36_500), None),
        log_level=reader.take("NEST_LOG_LEVEL", _one_of(*LOG_LEVELS), "info"),
        log_format=reader.take("NEST_LOG_FORMAT", _log_format, "auto"),
    )
    if not settings.database_url and settings.has_logins:
        reader.problems.append(
            "NEST_WEB_DATABASE_URL, NEST_WORKER_DATABASE_URL and NEST_ANALYTICS_DATABASE_URL need "
            "DATABASE_URL, too: with one of them alone `nest run` would start its own PostgreSQL."
        )
    if reader.problems:
        raise SettingsError(tuple(reader.problems))
    return settings


def unknown_settings(environ: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each NEST_ variable that nothing reads, with the name that was likely meant."""
    sentences = []
    for name in sorted(environ):
        if name.startswith("NEST_") and name not in _DEFAULTS:
            near = get_close_matches(name, _DEFAULTS, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            sentences.append(f"{name} is not a setting.{meant}")
    return tuple(sentences)


def settings_table() -> str:
    """The table of all settings, aligned for a terminal."""
    rows = [("name", "unit", "default", "reason")]
    rows += [(each.name, each.unit, each.default, each.reason) for each in SETTINGS]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([*(row[column].ljust(widths[column]) for column in range(3)), row[3]])
        for row in rows
    ]
    return "\n".join(lines)


def without_secrets(url: str) -> str:
    """The URL without user, password and query, to show or log."""
    parts = urlsplit(url)
    place = parts.netloc.rsplit("@", 1)[-1]
    return f"{parts.scheme}://{place}{parts.path}"


def local_url(host: str, port: int) -> str:
    """Where a browser on this machine finds a server that listens on `host`."""
    reachable = reachable_host(host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def reachable_host(host: str) -> str:
    """Where a program on this machine connects to a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


class _Reader:
    """Takes values one by one and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def take(self, name: str, parse: Callable[[str], T], default: D) -> T | D:
        raw = self._environ.get(name, "").strip()
        if not raw:
            return default
        try:
            return parse(raw)
        except ValueError as error:
            self.problems.append(f"{name} {error}.")
            return default


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"\d{1,9}", value, re.ASCII) or not low <= int(value) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {value!r}")
        return int(value)

    return parse


def _home(value: str) -> Path:
    """A directory, or where one can be made as far as the names tell."""
    unusable = f"must be a directory, or the place for one, not {value[:200]!r}"
    try:
        home = Path(value).expanduser()
    except RuntimeError:  # a user that nobody knows
        raise ValueError(unusable) from None
    try:
        there = next(each for each in (home, *home.absolute().parents) if each.exists())
    except OSError as error:
        if error.errno in {errno.ENAMETOOLONG, errno.ELOOP}:
            raise ValueError(f"{unusable}: {error.strerror}") from None
        return home  # a directory that only another user sees
    if not there.is_dir():
        raise ValueError(f"{unusable}: {there} is none")
    return home


def _kept_days(value: str) -> int:
    if not re.fullmatch(r"\d{1,5}", value, re.ASCII) or 0 < int(value) < 7:
        raise ValueError(f"must be days from 7 to 99999, or 0 for ever, not {value!r}")
    return int(value)


def _webhook(value: str) -> str:
    wanted = "must be an address like https://host/path, with a port from 1 to 65535 if it has one"
    parts = url_parts(value, wanted)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(wanted)
    return value


def _lines(value: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in value.split("|") if line.strip())


def _seconds(value: str) -> float:
    if not re.fullmatch(r"\d{1,4}(\.\d+)?", value, re.ASCII) or not 0.01 <= float(value) <= 3600:
        raise ValueError(f"must be seconds from 0.01 to 3600, not {value!r}")
    return float(value)


def _pause(value: str) -> float:
    if not re.fullmatch(r"\d{1,2}(\.\d+)?", value, re.ASCII) or not float(value) <= 60:
        raise ValueError(f"must be seconds from 0 to 60, not {value!r}")
    return float(value)


def _scale(value: str) -> float:
    if not re.fullmatch(r"\d{1,6}(\.\d+)?", value, re.ASCII) or not float(value) >= 0.1:
        raise ValueError(f"must be a number from 0.1, not {value!r}")
    return float(value)


def _switch(value: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if value.lower() not in known:
        raise ValueError(f"must be 0 or 1, not {value!r}")
    return known[value.lower()]


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.lower() not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}, not {value!r}")
        return value.lower()

    return parse


def _consent(value: str) -> Consent:
    match value.lower():
        case "asked":
            return "asked"
        case "required":
            return "required"
        case "assumed":
            return "assumed"
        case _:
            raise ValueError(f"must be one of asked, required, assumed, not {value!r}")


def _log_format(value: str) -> LogFormat:
    match value.lower():
        case "auto":
            return "auto"
        case "json":
            return "json"
        case "text":
            return "text"
        case _:
            raise ValueError(f"must be one of auto, json, text, not {value!r}")


def _host(value: str) -> str:
    bare = value.removeprefix("[").removesuffix("]")
    try:
        return str(ip_address(bare))
    except ValueError:
        if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", bare):
            return bare
    raise ValueError(f"must be an address or a host name, not {value!r}")


def _networks(value: str) -> tuple[str, ...]:
    return tuple(_network(each.strip()) for each in value.split(",") if each.strip())


def _network(value: str) -> str:
    try:
        return str(ip_network(value) if "/" in value else ip_address(value))
    except ValueError:
        raise ValueError(
            f"must be addresses or networks like 10.0.0.1, 10.0.0.0/8, not {value!r}"
        ) from None


def _node(value: str) -> str:
    if not re.fullmatch(rf"[A-Za-z0-9._-]{{1,{NODE_CHARACTERS}}}", value):
        raise ValueError(
            f"must be 1 to {NODE_CHARACTERS} letters, digits, dots, dashes, not {value!r}"
        )
    return value


def _token(value: str) -> str:
    if not re.fullmatch(r"[!-~]{16,128}", value):  # not repeated here: it is a secret
        raise ValueError("must be 16 to 128 visible characters, as the server gave it")
    return value


def _secret(value: str) -> str:
    if not re.fullmatch(r"[!-~]{32,256}", value):  # not repeated here: it is a secret
        raise ValueError("must be 32 to 256 visible characters that nobody can guess")
    return value
