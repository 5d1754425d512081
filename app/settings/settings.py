"""Settings: read once from the environment, checked together, frozen.

Each is written once, as a field of `Settings`: its variable, reader, default, unit and reason.
Errors: `SettingsError`, which names every problem at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import app.settings.readers as read
from app.settings.public_url import browser_origin
from app.settings.readers import LogFormat
from app.settings.redis_url import redis_driver_url
from app.settings.setting import Setting, database, rows, setting
from configurator.activity.visitor import Consent

LOG_LEVELS: Final = ("debug", "info", "warning", "error")


class SettingsError(Exception):
    """The environment has invalid values; `problems` has a sentence for each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration of a process.

    `database_url` starts with `postgresql://`; it, `redis_url`, `token`, `audit_key` and
    `metrics_token` are "" if not given. `public_url` is an origin as browsers write it.
    `keep_inquiries_days` None: kept without a limit.
    """

    # fmt: off
    host: str = setting("HOST", read.host, "127.0.0.1", unit="address",
        reason="Address on which the web process listens; the default can be reached from this machine only")
    port: int = setting("PORT", read.integer(1, 65535), 8080, unit="1-65535",
        reason="Port on which the web process listens")
    public_url: str = setting("NEST_PUBLIC_URL", browser_origin, "", unit="URL", shown="http://HOST:PORT",
        reason="Beginning of the links in invitations and on the admin login; set it behind a proxy")
    trusted_proxies: tuple[str, ...] = setting("NEST_TRUSTED_PROXIES", read.networks, (), unit="addresses",
        reason="Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, as addresses or networks, like 10.0.0.4,10.1.0.0/16")
    home: Path = setting("NEST_HOME", read.home, Path(".nest"), unit="directory", shown=".nest",
        reason="Directory for data, sockets and logs of the embedded servers")
    database_url: str = database("DATABASE_URL", shown="(embedded)",
        reason="PostgreSQL 15 to 18, directly, without a pooler, with the parameters of libpq; if empty, `nest run` starts its own")
    web_database_url: str = database("NEST_WEB_DATABASE_URL", shown="(DATABASE_URL)",
        reason="The same database with the login of the web processes (role nest_web)")
    worker_database_url: str = database("NEST_WORKER_DATABASE_URL", shown="(DATABASE_URL)",
        reason="The same database with the login of the workers (role nest_worker)")
    analytics_database_url: str = database("NEST_ANALYTICS_DATABASE_URL", shown="(NEST_WEB_DATABASE_URL)",
        reason="The same database with the login that reads figures (role nest_analytics)")
    redis_url: str = setting("REDIS_URL", redis_driver_url, "", unit="URL", shown="(embedded)", secret=True,
        reason="One Redis 7+ or Valkey 8+, no cluster: redis://, rediss:// (TLS), valkey://, valkeys:// or unix://; if empty, `nest run` starts its own")
    admin_idle_minutes: int = setting("NEST_ADMIN_IDLE_MINUTES", read.integer(5, 480), 30, unit="minutes",
        reason="An admin's session in a browser ends after this time without use, 5 to 480 minutes; the tokens of programs end only after 8 hours")
    dev: bool = setting("NEST_DEV", read.switch, False, unit="0 or 1",
        reason="1 shows the drawer for development on the page; never use it in public")
    token: str = setting("NEST_TOKEN", read.token, "", unit="token", secret=True,
        reason="Token with which `nest tail` and `nest edit` sign in; if empty and a database is in reach, `nest tail` is an admin and `nest edit` a new person")
    node: str = setting("NEST_NODE", read.node, "local", unit="name", shown="host-pid",
        reason="Name of this process in logs, presence and queues; no two running processes may have the same")
    database_pool_size: int = setting("NEST_DATABASE_POOL_SIZE", read.integer(2, 1000), 10, unit="connections",
        reason="Connections of each process; the sum over all processes must stay under max_connections - 10")
    database_deadline_seconds: float = setting("NEST_DATABASE_DEADLINE_SECONDS", read.seconds, 5.0, unit="seconds",
        reason="A request that waits longer for PostgreSQL is answered with 503 and may be retried")
    redis_pool_size: int = setting("NEST_REDIS_POOL_SIZE", read.integer(2, 10_000), 20, unit="connections",
        reason="Connections of each process, in addition to that of the subscription")
    redis_deadline_seconds: float = setting("NEST_REDIS_DEADLINE_SECONDS", read.seconds, 0.5, unit="seconds",
        reason="Longest wait for an answer of Redis, which mostly carries hints")
    valkey_memory_mb: int = setting("NEST_VALKEY_MEMORY_MB", read.integer(16, 1_000_000), 1_536, unit="MB",
        reason="Memory of the embedded Valkey; when four fifths are used, interactions are refused with 503, and everything else continues")
    company: tuple[str, ...] = setting("NEST_COMPANY", read.lines, (), unit="lines",
        reason="Operator of the site, for imprint and privacy notice: name, address, e-mail, register, VAT number, separated by |")
    consent: Consent = setting("NEST_CONSENT", read.consent, "asked", unit="asked/required/assumed",
        reason="asked: our pages store no interaction before the visitor agreed (cookie nest_consent=all), programs answer for their own visitors; required: the same for programs; assumed: interactions are stored until the visitor objects. nest_consent=none, Sec-GPC and DNT always count")
    keep_interactions_days: int = setting("NEST_KEEP_INTERACTIONS_DAYS", read.kept_days, 90, unit="days",
        reason="Raw interactions that are older are dropped, day by day; sessions and all counts stay. 0 never drops them; else 7 or more")
    audit_key: str = setting("NEST_AUDIT_KEY", read.secret, "", unit="secret", shown="(file)", secret=True,
        reason="Signs the audit and hides whom a line is about; 32 characters or more, the same for all processes, never changed; if empty, NEST_HOME/audit.key is used, which the first start makes")
    metrics_token: str = setting("NEST_METRICS_TOKEN", read.token, "", unit="token", secret=True,
        reason="Bearer token that opens GET /metrics; that of an admin opens it, too")
    connections_per_network: int = setting("NEST_CONNECTIONS_PER_NETWORK", read.integer(1, 1_000_000), 100, unit="connections",
        reason="Connections that one network (IPv4 /24, IPv6 /48) may have open at once to a process; multiplied by NEST_LIMIT_SCALE")
    long_polling: bool = setting("NEST_LONG_POLLING", read.switch, True, unit="0 or 1",
        reason="1 lets Engine.IO poll; set 0 if requests of one client reach several web processes, as with `nest run --web 2`: then sockets are WebSockets only")
    limit_scale: float = setting("NEST_LIMIT_SCALE", read.scale, 1.0, unit="factor",
        reason="Multiplies every limit of messages a second; larger than 1 only for load tests")
    alert_webhook: str = setting("NEST_ALERT_WEBHOOK", read.webhook, "", unit="URL", secret=True,
        reason="Receives a JSON post once when a threshold is crossed and once when that is over")
    csv_webhook: str = setting("NEST_CSV_WEBHOOK", read.webhook, "", unit="URL", secret=True,
        reason="Receives each scheduled CSV as a post, repeated up to five times until the answer is a success")
    alert_lag_seconds: float = setting("NEST_ALERT_LAG_SECONDS", read.seconds, 30.0, unit="seconds",
        reason="An alert is raised when interactions wait longer than this to be stored")
    alert_online: int | None = setting("NEST_ALERT_ONLINE", read.integer(1, 100_000_000), None, unit="people",
        reason="An alert is raised when more people than this are online")
    memory_budget_bytes: int = setting("NEST_MEMORY_BUDGET_MB", read.megabytes(64, 1_000_000), 1_024_000_000, unit="MB", shown="1024",
        reason="A web or worker process that becomes larger logs it once, and once more when it is smaller again; nothing is refused because of it")
    drain_seconds: float = setting("NEST_DRAIN_SECONDS", read.pause, 0.0, unit="seconds",
        reason="Time after SIGTERM in which a web process still answers requests, until its proxy has noticed; 0 without a proxy, 2 with deploy/haproxy.cfg")
    shutdown_deadline_seconds: int = setting("NEST_SHUTDOWN_DEADLINE_SECONDS", read.integer(1, 3600), 10, unit="seconds",
        reason="Time after SIGTERM for open requests and connections to end")
    keep_sessions_days: int = setting("NEST_KEEP_SESSIONS_DAYS", read.integer(1, 36_500), 400, unit="days",
        reason="Sessions that were not used for this time are removed, with their interactions and their share of every count")
    keep_inquiries_days: int | None = setting("NEST_KEEP_INQUIRIES_DAYS", read.integer(1, 36_500), None, unit="days", shown="(kept)",
        reason="Inquiries that are older are deleted; if empty, none is")
    log_level: str = setting("NEST_LOG_LEVEL", read.one_of(*LOG_LEVELS), "info", unit="/".join(LOG_LEVELS),
        reason="Least severe level of log lines that are written")
    log_format: LogFormat = setting("NEST_LOG_FORMAT", read.log_format, "auto", unit="auto/json/text",
        reason="auto writes text on a terminal and JSON lines otherwise")
    # fmt: on

    @property
    def has_logins(self) -> bool:
        """Whether any kind of process has its own login."""
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
        """The address of the web process for this machine."""
        return local_url(self.host, self.port)


SETTINGS: Final[Mapping[str, Setting]] = rows(Settings)
"""The rows of `nest doctor --settings`, by the names of the fields."""


def parse_settings(environ: Mapping[str, str], *, node: str = "local") -> Settings:
    """Settings from environment variables; an empty variable counts as absent.

    `node` is the default of NEST_NODE, which only the edge can know.
    Raises SettingsError with every problem.
    """
    problems: list[str] = []
    given: dict[str, Any] = {"node": node}  # values have the types that `setting` declares
    for field, row in SETTINGS.items():
        raw = environ.get(row.name, "").strip()
        try:
            if raw:
                given[field] = row.read(raw, environ)
        except ValueError as error:
            problems.append(f"{row.name} {error}.")
    settings = Settings(**given)
    if not settings.public_url:
        settings = replace(settings, public_url=settings.local_url)
    if not settings.database_url and settings.has_logins:
        problems.append(
            "NEST_WEB_DATABASE_URL, NEST_WORKER_DATABASE_URL and NEST_ANALYTICS_DATABASE_URL need "
            "DATABASE_URL, too: with one of them alone `nest run` would start its own PostgreSQL."
        )
    if problems:
        raise SettingsError(tuple(problems))
    return settings


def without_secrets(url: str) -> str:
    """The URL without user, password and query, to show or log."""
    parts = urlsplit(url)
    place = parts.netloc.rsplit("@", 1)[-1]
    return f"{parts.scheme}://{place}{parts.path}"


def local_url(host: str, port: int) -> str:
    """The address of a server that listens on `host`, for a browser on this machine."""
    reachable = reachable_host(host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def reachable_host(host: str) -> str:
    """The host to which a program on this machine connects if a server listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
