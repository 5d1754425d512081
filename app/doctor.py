"""`nest doctor`: what is configured, what answers, and how to mend what is wrong.

Every check returns findings; nothing here changes anything.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Literal

from app.browser import find_browser
from app.clients import absent_clients
from app.database_url import left_out
from app.doctor_logins import MEND, key_in_file, look_at_logins, wrong_key
from app.exclusive import AlreadyInUseError, require_free_port
from app.running import beside_running, embedded_urls, is_running
from app.settings import Settings, unknown_settings, without_secrets
from app.supervisor import answers_ready
from configurator.event_ids import unix_ms
from storage.errors import StorageError
from storage.postgres.engine import Database
from storage.postgres.schema import Schema
from storage.redis.capacity import INTAKE_SHARE
from storage.redis.client import Memory, Redis
from storage.redis.stream import InteractionStream, id_pair, position

State = Literal["ok", "note", "wrong"]
OLDEST_POSTGRES = 150_000
OLDEST_REDIS = (7, 0)
MB = 1_000_000
CLOCKS_APART = timedelta(seconds=10)
"""So much a slow answer may make; what is more is a clock that is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report. `mend` says what to do, where there is something to do."""

    state: State
    subject: str
    text: str
    mend: str = ""


async def examine(settings: Settings, environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """All findings, in the order a person wants to read them."""
    running = is_running(settings)
    settings = beside_running(settings, environ)
    redis_url = settings.redis_url or (embedded_urls(settings)[1] if running else "")
    findings = [
        Finding(state="ok", subject="settings", text=_configured(settings)),
        *(
            Finding(state="wrong", subject="settings", text=text, mend="Remove or rename it.")
            for text in unknown_settings(environ)
        ),
        *_law(settings),
        *_without_effect(environ.get("DATABASE_URL", "")),
        _home(settings, running=running),
        await _web(settings, running=running),
    ]
    async with asyncio.TaskGroup() as group:
        database = group.create_task(_database(settings.database_url), name="examine database")
        redis = group.create_task(_redis(redis_url), name="examine redis")
    findings += [*database.result(), *await _logins(settings, environ)]
    findings += [*redis.result(), *_clients(), _browser(environ)]
    return tuple(findings)


def report(findings: tuple[Finding, ...]) -> str:
    """The findings as text, remedies below what they mend, a verdict at the end."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.state:<6} {finding.subject:<9} {finding.text}")
        if finding.mend:
            lines.append(f"{'':<16} → {finding.mend}")
    wrong = sum(finding.state == "wrong" for finding in findings)
    lines.append("Nothing is wrong." if wrong == 0 else f"{wrong} wrong.")
    return "\n".join(lines)


def _configured(settings: Settings) -> str:
    shown = [
        f"{each.name}={getattr(settings, each.name)}" for each in fields(settings) if each.repr
    ]
    return " ".join(shown)


def _law(settings: Settings) -> list[Finding]:
    """What a site for the public owes its visitors."""
    findings = []
    if not settings.company:
        findings.append(
            Finding(
                state="note",
                subject="settings",
                text="NEST_COMPANY is not set: imprint and privacy notice do not say who runs this",
                mend="Set it before the site is public: Name GmbH|Street 1, 8010 Graz|office@…",
            )
        )
    if settings.consent == "assumed":
        findings.append(
            Finding(
                state="note",
                subject="settings",
                text="NEST_CONSENT is assumed: visits are measured until somebody objects",
                mend="Leave it out: then the pages ask first (docs/decisions/0014-consent.md).",
            )
        )
    return findings


def _without_effect(database_url: str) -> list[Finding]:
    names = left_out(database_url)
    if not names:
        return []
    text = f"DATABASE_URL has parameters without effect here: {', '.join(names)}"
    return [Finding(state="note", subject="settings", text=text)]


def _home(settings: Settings, *, running: bool) -> Finding:
    state = "in use by `nest run`" if running else "not in use"
    return Finding(state="ok", subject="home", text=f"{settings.home.resolve()} {state}")


async def _web(settings: Settings, *, running: bool) -> Finding:
    place = settings.local_url
    if await answers_ready(settings.host, settings.port):
        return Finding(state="ok", subject="web", text=f"{place}/readyz answers 200")
    if running:
        return Finding(
            state="wrong",
            subject="web",
            text=f"{place}/readyz does not answer 200",
            mend="Read the lines that start with `web` in the output of `nest run`.",
        )
    try:
        require_free_port(settings.host, settings.port)
    except AlreadyInUseError as error:
        return Finding(
            state="wrong",
            subject="web",
            text=str(error),
            mend="Start with another PORT, or stop the program that listens there.",
        )
    return Finding(state="note", subject="web", text=f"nothing listens on {place}; it is free")


async def _logins(settings: Settings, environ: Mapping[str, str]) -> list[Finding]:
    if not settings.database_url:
        return []
    found = await look_at_logins(settings)
    findings = [
        Finding(state="wrong", subject="database", text=text, mend=MEND) for text in found.wrong
    ]
    findings += [
        Finding(state="note", subject="database", text=text, mend=MEND) for text in found.better
    ]
    if not findings and found.well:
        findings = [Finding(state="ok", subject="database", text=f"logins: {found.well}")]
    findings += [
        Finding(
            state="wrong",
            subject="audit",
            text=text,
            mend="All processes need the key of then, and nobody else: docs/operations.md, The audit.",
        )
        for text in await wrong_key(settings)
    ]
    if text := key_in_file(settings, environ):
        mend = "Set it, the same for all processes, before there is more than one machine."
        findings.append(Finding(state="note", subject="settings", text=text, mend=mend))
    return findings


async def _database(url: str) -> list[Finding]:
    if not url:
        text = "no DATABASE_URL; `nest run` starts an embedded PostgreSQL"
        return [Finding(state="note", subject="database", text=text)]
    place = without_secrets(url)
    try:
        async with Database(url, pool_size=2, application_name="nest doctor") as database:
            number = int(await _show(database, "server_version_num"))
            version = await _show(database, "server_version")
            unsafe = [
                f"{name}=off"
                for name in ("fsync", "full_page_writes", "synchronous_commit")
                if await _show(database, name) == "off"
            ]
            schema = await database.migrated()
            clock = await _clock_of_database(database)
    except (StorageError, OSError, ValueError) as error:
        return [
            Finding(
                state="wrong",
                subject="database",
                text=f"{place} cannot be used: {error}",
                mend="Check that PostgreSQL runs there, that DATABASE_URL names user and password "
                "it accepts, and that sslmode fits what it offers.",
            )
        ]
    findings = [
        Finding(
            state="ok" if number >= OLDEST_POSTGRES else "wrong",
            subject="database",
            text=f"{place} answers, PostgreSQL {version}",
            mend="" if number >= OLDEST_POSTGRES else "PostgreSQL 15 or newer is needed.",
        ),
        Finding(
            state="wrong" if unsafe else "ok",
            subject="database",
            text=f"durability: {', '.join(unsafe) or 'commits survive a crash'}",
            mend="Switch them on: what is acknowledged would be lost in a crash." if unsafe else "",
        ),
    ]
    findings.append(_schema(schema))
    return [*findings, *_clocks("database", clock)]


def _schema(schema: Schema) -> Finding:
    if schema.at_head:
        text = f"schema {schema.current}, the newest that this code knows"
        return Finding(state="ok", subject="database", text=text)
    what, _, todo = schema.note.partition(": ")
    state: State = "note" if schema.compatible else "wrong"
    return Finding(
        state=state, subject="database", text=what, mend=f"{todo[:1].upper()}{todo[1:]}."
    )


async def _clock_of_database(database: Database) -> timedelta:
    """How far its clock is ahead of this machine's."""
    found = await database.read(lambda connection: connection.exec_driver_sql("SELECT now()"))
    at: datetime = found.scalar_one()
    return at - datetime.now(UTC)


def _clocks(subject: str, ahead: timedelta) -> list[Finding]:
    """Says when a server's clock is not this machine's: times of one are held against the other."""
    if abs(ahead) < CLOCKS_APART:
        return []
    side = "ahead of" if ahead > timedelta(0) else "behind"
    seconds = timedelta(seconds=round(abs(ahead).total_seconds()))
    return [
        Finding(
            state="wrong",
            subject=subject,
            text=f"its clock is {seconds} {side} this machine's",
            mend="Let both follow the same time (NTP): figures and sessions are by these clocks.",
        )
    ]


async def _show(database: Database, name: str) -> str:
    found = await database.read(lambda connection: connection.exec_driver_sql(f"SHOW {name}"))
    return str(found.scalar_one())


async def _redis(url: str) -> list[Finding]:
    if not url:
        text = "no REDIS_URL; `nest run` starts an embedded Valkey"
        return [Finding(state="note", subject="redis", text=text)]
    place = without_secrets(url)
    try:
        async with Redis(url, pool_size=2) as redis:
            await redis.ping()
            durability = await redis.durability()
            memory = await redis.memory()
            kind, version = await redis.version()
            clock, ids = await _clock_of_redis(redis)
    except (StorageError, OSError, ValueError) as error:
        return [
            Finding(
                state="wrong",
                subject="redis",
                text=f"{place} cannot be used: {error}",
                mend="Check that Redis or Valkey runs there and that REDIS_URL is right. "
                "Editing goes on without it; live updates and statistics wait.",
            )
        ]
    new_enough = tuple(int(part) for part in version.split(".")[:2]) >= OLDEST_REDIS
    keeps = durability.loses_nothing and durability.flushes_first
    doubtful: State = "wrong" if durability.loses_nothing is False else "note"
    return [
        Finding(
            state="ok" if new_enough else "wrong",
            subject="redis",
            text=f"{place} answers, {kind} {version}",
            mend="" if new_enough else "Redis 7.0 or Valkey 8 or newer is needed.",
        ),
        Finding(
            state="ok" if keeps else doubtful,
            subject="redis",
            text=f"appendonly={_yes_no(durability.append_only)} "
            f"appendfsync={durability.append_fsync or 'unknown'} "
            f"maxmemory-policy={durability.eviction_policy or 'unknown'}",
            mend=""
            if keeps
            else "Set `appendonly yes`, `appendfsync always` and `maxmemory-policy noeviction`, or "
            "interactions that were acknowledged can be lost.",
        ),
        _memory(memory),
        *_clocks("redis", clock),
        *_ids_ahead(ids),
    ]


def _memory(memory: Memory) -> Finding:
    used = f"uses {memory.used_bytes // MB} MB"
    if not memory.most_bytes:
        return Finding(
            state="note",
            subject="redis",
            text=f"{used} without a limit: interactions that wait can fill this machine",
            mend="Set `maxmemory` (NEST_VALKEY_MEMORY_MB where `nest run` starts it); interactions "
            "are then refused with 503 before it is full, and nothing that was acknowledged goes.",
        )
    full = memory.share >= INTAKE_SHARE
    return Finding(
        state="wrong" if full else "ok",
        subject="redis",
        text=f"{used} of {memory.most_bytes // MB} MB"
        + (": interactions are refused with 503" if full else ""),
        mend="See that a worker runs and PostgreSQL answers: what is stored makes room. Else give "
        "it more memory (`maxmemory`, NEST_VALKEY_MEMORY_MB)."
        if full
        else "",
    )


async def _clock_of_redis(redis: Redis) -> tuple[timedelta, timedelta]:
    """How far its clock, and the ids of its stream, are ahead of this machine's clock."""
    bounds = await InteractionStream(redis).bounds()
    redis_ms = (await position(redis)).redis_ms
    now_ms = unix_ms(datetime.now(UTC))
    ids_ms = id_pair(bounds.last)[0]
    return timedelta(milliseconds=redis_ms - now_ms), timedelta(milliseconds=ids_ms - now_ms)


def _ids_ahead(ahead: timedelta) -> list[Finding]:
    """After the clock of Redis was ahead its stream goes on from where it was."""
    if ahead < CLOCKS_APART:
        return []
    seconds = timedelta(seconds=round(ahead.total_seconds()))
    text = f"its clock was ahead once: the ids of the stream are {seconds} ahead of this machine's"
    mend = "Nothing is lost; the live view says for so long less about when entries were stored."
    return [Finding(state="note", subject="redis", text=text, mend=mend)]


def _yes_no(value: bool | None) -> str:
    return {True: "yes", False: "no", None: "unknown"}[value]


def _clients() -> list[Finding]:
    return [
        Finding(
            state="note",
            subject="clients",
            text=f"{package} is not installed: without it there is no {needed}",
            mend="Install it from the checkout (docs/operations.md) if you need it.",
        )
        for package, needed in absent_clients().items()
    ]


def _browser(environ: Mapping[str, str]) -> Finding:
    found = find_browser(environ)
    if found is None:
        return Finding(
            state="note",
            subject="browser",
            text="no Chromium for the browser tests",
            mend="`make test` installs one, or set CHROME_PATH.",
        )
    return Finding(state="ok", subject="browser", text=f"{found} (for the tests)")
