"""`nest doctor`: checks settings and servers, and says how to repair problems.

Every check returns findings and changes nothing.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import fields
from functools import partial
from typing import Final

from app.clients import absent_clients
from app.doctor.browser import find_browser
from app.doctor.clocks import clocks
from app.doctor.finding import Finding, FindingState
from app.doctor.home import look_at_home
from app.doctor.logins import (
    MEND,
    MEND_WRONG,
    Logins,
    Seen,
    key_in_file,
    look_at_logins,
    see_logins,
    wrong_key,
)
from app.doctor.redis import look_at_redis
from app.doctor.usable import database_problem
from app.settings.database_url import left_out
from app.settings.redis_url import left_out_of_redis
from app.settings.settings import Settings, without_secrets
from app.settings.table import unknown_settings
from app.supervisor.exclusive import AlreadyInUseError
from app.supervisor.listening import require_free_port
from app.supervisor.running import beside_running, embedded_urls, is_running
from app.supervisor.supervisor import answers_ready
from realtime.process.clock import read_clock
from storage.errors import StorageError
from storage.postgres.clock import database_time
from storage.postgres.engine import Database
from storage.postgres.failures import answered, refuses_login
from storage.postgres.schema.range import Schema
from storage.postgres.standbys import Standbys, standbys

OLDEST_POSTGRES: Final = 150_000


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
        *_without_effect("DATABASE_URL", left_out(environ.get("DATABASE_URL", ""))),
        *_without_effect("REDIS_URL", left_out_of_redis(environ.get("REDIS_URL", ""))),
        *look_at_home(settings, running=running),
    ]
    async with asyncio.TaskGroup() as group:  # at the same time, so that delays do not add up
        web = group.create_task(_web(settings, running=running), name="examine web")
        database = group.create_task(
            examine_database(settings.database_url), name="examine database"
        )
        logins = group.create_task(_logins_and_key(settings), name="examine logins")
        redis = group.create_task(look_at_redis(redis_url), name="examine redis")
    works = any(finding.state == "ok" for finding in database.result())
    findings += [web.result(), *database.result()]
    if settings.database_url:
        seen, wrong_keys = logins.result()
        said = look_at_logins(settings, seen, database_works=works)
        findings += _logins(settings, environ, said, wrong_keys=wrong_keys)
    findings += [*redis.result(), *_clients(), _browser(environ)]
    return tuple(findings)


def report(findings: tuple[Finding, ...]) -> str:
    """The findings as text, each remedy below its finding, and a verdict at the end."""
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
    """Findings about the legal texts of a public site."""
    findings = []
    if not settings.company:
        findings.append(
            Finding(
                state="note",
                subject="settings",
                text="NEST_COMPANY is not set: imprint and privacy notice do not name the operator",
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


def _without_effect(setting: str, names: tuple[str, ...]) -> list[Finding]:
    if not names:
        return []
    text = f"{setting} has parameters without effect here: {', '.join(names)}"
    return [Finding(state="note", subject="settings", text=text)]


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
        return Finding(state="wrong", subject="web", text=error.problem, mend=error.mend)
    return Finding(state="note", subject="web", text=f"nothing listens on {place}; it is free")


async def _logins_and_key(settings: Settings) -> tuple[Mapping[str, Seen], tuple[str, ...]]:
    if not settings.database_url:
        return {}, ()
    async with asyncio.TaskGroup() as group:
        seen = group.create_task(see_logins(settings), name="see logins")
        key = group.create_task(wrong_key(settings), name="see the key")
    return seen.result(), key.result()


def _logins(
    settings: Settings, environ: Mapping[str, str], found: Logins, *, wrong_keys: tuple[str, ...]
) -> list[Finding]:
    findings = [
        Finding(state="wrong", subject="database", text=text, mend=MEND_WRONG)
        for text in found.wrong
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
            mend="All processes need that key, and nobody else: docs/running.md, The audit.",
        )
        for text in wrong_keys
    ]
    if text := key_in_file(settings, environ):
        mend = "Set it, the same for all processes, before there is more than one machine."
        findings.append(Finding(state="note", subject="settings", text=text, mend=mend))
    return findings


async def examine_database(url: str) -> list[Finding]:
    """Whether PostgreSQL can be used, how it keeps commits, and its schema."""
    if not url:
        text = "no DATABASE_URL; `nest run` starts an embedded PostgreSQL"
        return [Finding(state="note", subject="database", text=text)]
    place = without_secrets(url)
    try:
        if problem := await database_problem("DATABASE_URL", url):
            return [Finding(state="wrong", subject="database", text=problem)]
        async with Database(url, pool_size=2, application_name="nest doctor") as database:
            number = int(await _show(database, "server_version_num"))
            version = await _show(database, "server_version")
            unsafe = [
                f"{name}=off"
                for name in ("fsync", "full_page_writes", "synchronous_commit")
                if await _show(database, name) == "off"
            ]
            schema = await database.migrated()
            waits = await standbys(database)
            clock = await read_clock(partial(database_time, database))
    except (StorageError, OSError, ValueError) as error:
        return [
            Finding(
                state="wrong",
                subject="database",
                text=f"{place} cannot be used: {error}",
                mend=_what_to_check(error),
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
            mend="Switch them on: otherwise a crash can lose acknowledged edits." if unsafe else "",
        ),
    ]
    findings += _standbys(waits)
    findings.append(_schema(schema))
    return [*findings, *clocks("database", clock)]


def _standbys(found: Standbys) -> list[Finding]:
    """The finding about standbys, if every COMMIT waits for other machines."""
    if not found.asked:
        return []
    asked = f"synchronous_standby_names = '{found.asked}'"
    if found.missing:
        return [
            Finding(
                state="wrong",
                subject="database",
                text=f"{asked}, and no standby is there: no edit can be stored",
                mend="Start the standby (pg_stat_replication shows it), or give up the second copy: "
                "ALTER SYSTEM RESET synchronous_standby_names; SELECT pg_reload_conf().",
            )
        ]
    if found.there is None:
        return [
            Finding(
                state="note",
                subject="database",
                text=f"{asked}; our login may not see whether the standby is there",
                mend="GRANT pg_monitor to it; then `nest doctor` can say.",
            )
        ]
    return [Finding(state="ok", subject="database", text=f"{asked}: {found.there} there")]


def _what_to_check(error: Exception) -> str:
    if isinstance(error, StorageError) and refuses_login(error):
        return "Name a user and a password in DATABASE_URL that it accepts."
    if isinstance(error, StorageError) and answered(error):
        return "PostgreSQL itself says so; its log may say more."
    return (
        "See that PostgreSQL runs and answers, that DATABASE_URL names where, and that sslmode fits "
        "what it offers."
    )


def _schema(schema: Schema) -> Finding:
    if schema.at_head:
        text = f"schema {schema.current}, the newest that this code knows"
        return Finding(state="ok", subject="database", text=text)
    what, _, todo = schema.note.partition(": ")
    state: FindingState = "note" if schema.compatible else "wrong"
    return Finding(
        state=state, subject="database", text=what, mend=f"{todo[:1].upper()}{todo[1:]}."
    )


async def _show(database: Database, name: str) -> str:
    found = await database.read(lambda connection: connection.exec_driver_sql(f"SHOW {name}"))
    return str(found.scalar_one())


def _clients() -> list[Finding]:
    return [
        Finding(
            state="note",
            subject="clients",
            text=f"{package} is not installed: without it there is no {needed}",
            mend="Install it from the checkout (docs/running.md) if you need it.",
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
