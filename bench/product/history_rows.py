"""Months of visits made inside PostgreSQL: rows, sessions, choices and roll-ups that agree.

A session is drawn at random; all of its events follow from a hash of its id, so its first and last
moment and its last category are known without a query. The rows are inserted by day, in the order
of their time, as a worker would have stored them; then the quarter-hours, minutes and ledger are
counted from the rows.
"""

import asyncio
import time
from datetime import UTC, date, datetime, timedelta

import asyncpg

from bench.product.visits import CHOICES, PAGES

EVENTS_EACH = 25
SESSIONS_A_HOUSE = 3
CONNECTIONS = 2

_CATEGORIES = "ARRAY[" + ", ".join(f"'{name}'" for name in CHOICES) + "]"
_OPTIONS = "ARRAY[" + ", ".join(f"'{','.join(options)}'" for options in CHOICES.values()) + "]"
_SIZES = "ARRAY[" + ", ".join(str(len(options)) for options in CHOICES.values()) + "]"
_PAGES = "ARRAY[" + ", ".join(f"'{name}'" for name in PAGES) + "]"


def _drawn(number: str, salt: int, below: str | int) -> str:
    """SQL for a number from 0 up to `below` that follows from the session's id."""
    return f"((uuid_hash_extended(id, {number} * 16 + {salt}) & 1073741823) % {below})"


_PACE = f"(3000 + {_drawn('0', 1, 20_000)})"
_DEPTH = f"(2 + {_drawn('0', 2, 7)})"


def _ms_after_start(k: str) -> str:
    return f"(CASE WHEN {k} = 1 THEN 0 ELSE ({k} - 1) * {_PACE} + {_drawn(k, 1, _PACE)} END)"


def _place(k: str) -> str:
    """SQL for the category of an event: later events of a visit are at later categories."""
    return f"(((({k} - 1) * {_DEPTH} / n + {_drawn(k, 2, 100)} / 75) % {len(CHOICES)} + 1)::int)"


def _category(k: str) -> str:
    kind = _drawn(k, 3, 100)
    return (
        f"(CASE WHEN {kind} BETWEEN 70 AND 81 OR {kind} >= 94"
        f" THEN ({_PAGES})[1 + {_drawn(k, 4, len(PAGES))}] ELSE ({_CATEGORIES})[{_place(k)}] END)"
    )


def _option(k: str, salt: int) -> str:
    place = _place(k)
    return (
        f"split_part(({_OPTIONS})[{place}], ',',"
        f" (1 + {_drawn(k, salt, f'({_SIZES})[{place}]')})::int)"
    )


_HOUSES = """
INSERT INTO people (id, token_sha256, name, colour)
SELECT gen_random_uuid(), sha256(convert_to('bench' || n, 'UTF8')), 'Gast', n % 8
FROM generate_series(1, $1::int) AS n;
"""
_CONFIGURATIONS = """
INSERT INTO configurations (id, code, catalogue_id, head, selection, total_cents, owner_id,
    created_at, updated_at)
SELECT gen_random_uuid(), 'B' || lpad(n::text, 7, '0'), (SELECT id FROM catalogues LIMIT 1), 7,
    (SELECT selection FROM configurations LIMIT 1), 15000000 + (n * 7919 % 20000) * 1000, id,
    now() - interval '1 day' * (n % 90), now() - interval '1 day' * (n % 90)
FROM (SELECT id, row_number() OVER () AS n FROM people WHERE name = 'Gast') AS owners
"""
_NUMBERED = """
CREATE TABLE bench_houses AS
SELECT row_number() OVER () AS n, id, owner_id FROM configurations;
ALTER TABLE bench_houses ADD PRIMARY KEY (n)
"""

# $1 day, $2 sessions, $3 the latest moment of an event
_SESSIONS = f"""
WITH drawn AS (
    SELECT gen_random_uuid() AS id,
        date_trunc('milliseconds', $1::date::timestamp AT TIME ZONE 'UTC'
            + least(interval '23 hours 59 minutes', $3::timestamptz
                - $1::date::timestamp AT TIME ZONE 'UTC')
            * (0.25 + 0.75 * random() * (0.5 + 0.5 * random()))) AS started_at,
        least(200, 4 - floor({EVENTS_EACH - 4} * ln(1 - random())))::int AS n,
        random() AS ending, random() AS device, random() AS language, random() AS referrer,
        random() < 0.03 AS is_bot,
        CASE WHEN random() < 0.8 THEN (SELECT count(*) FROM bench_houses) * random() END AS house
    FROM generate_series(1, $2::int)
), timed AS (
    SELECT *, started_at + interval '1 millisecond' * {_ms_after_start("n")} AS last_at FROM drawn
)
INSERT INTO sessions (id, person_id, configuration_id, status, started_at, last_seen_at,
    completed_at, order_value_cents, device_type, viewport_width, viewport_height,
    interaction_count, last_category, anchored_at, language, referrer, network, bot_reason,
    lost_events, latest_ms)
SELECT timed.id, bench_houses.owner_id, bench_houses.id,
    CASE WHEN last_at > $3 - interval '30 minutes' THEN 'ACTIVE' WHEN ending < 0.06 THEN 'COMPLETED'
        WHEN ending < 0.7 THEN 'ABANDONED' ELSE 'EXPIRED' END,
    started_at, last_at,
    CASE WHEN last_at <= $3 - interval '30 minutes' AND ending < 0.06 THEN last_at END,
    CASE WHEN last_at <= $3 - interval '30 minutes' AND ending < 0.06
        THEN 15000000 + floor(random() * 20000) * 1000 END,
    (ARRAY['desktop', 'mobile', 'tablet'])[1 + floor(device * 2.2)],
    (ARRAY[1440, 390, 820])[1 + floor(device * 2.2)],
    (ARRAY[900, 844, 1180])[1 + floor(device * 2.2)],
    timed.n, {_category("timed.n").replace("(id,", "(timed.id,").replace("/ n ", "/ timed.n ")},
    started_at, (ARRAY['de-AT', 'de-DE', 'en-GB'])[1 + floor(language * 3)],
    CASE WHEN referrer < 0.4 THEN 'https://www.google.com/' WHEN referrer < 0.6
        THEN 'https://example.at/haus' END, '192.0.2.0/24',
    CASE WHEN is_bot THEN 'crawler bench' END, 0, floor(extract(epoch FROM last_at) * 1000)
FROM timed LEFT JOIN bench_houses ON bench_houses.n = ceil(house)
"""

_EVENTS = f"""
WITH visits AS (
    SELECT id, interaction_count::int AS n, bot_reason IS NOT NULL AS bot,
        floor(extract(epoch FROM started_at) * 1000)::bigint AS start_ms
    FROM sessions WHERE started_at >= $1::date::timestamp AT TIME ZONE 'UTC'
        AND started_at < ($1::date + 1)::timestamp AT TIME ZONE 'UTC'
), placed AS (
    SELECT id, n, bot, k, start_ms + {_ms_after_start("k")} AS ms, {_drawn("k", 3, 100)} AS kind,
        md5(id::text || k) AS bits
    FROM visits CROSS JOIN LATERAL generate_series(1, n) AS k
), reported AS (
    SELECT id AS session_id,
        (lpad(to_hex(ms), 12, '0') || '7' || substr(bits, 1, 3) || '8' || substr(bits, 4, 15))::uuid
            AS event_id,
        timestamptz 'epoch' + interval '1 millisecond' * ms AS at, ms, k, bot, kind,
        CASE WHEN kind < 33 THEN 'selection' WHEN kind < 53 THEN 'time_spent'
            WHEN kind < 70 THEN 'click' WHEN kind < 82 THEN 'view_change' WHEN kind < 94 THEN 'hover'
            ELSE 'web_vital' END AS event_type,
        {_category("k")} AS category,
        CASE WHEN kind < 33 THEN {_option("k", 5)} WHEN kind BETWEEN 70 AND 81 THEN 'exterior' END
            AS value,
        split_part(({_OPTIONS})[{_place("k")}], ',', 1) AS initial,
        CASE WHEN kind BETWEEN 33 AND 52 THEN (500 + {_drawn("k", 7, 59_500)})::int
            WHEN kind BETWEEN 82 AND 93 THEN (300 + {_drawn("k", 7, 3_700)})::int END AS spent,
        {_drawn("k", 8, 800)} - 400 AS change
    FROM placed
), events AS MATERIALIZED (
    SELECT *, CASE WHEN kind < 33 THEN coalesce(lag(value) OVER (
        PARTITION BY session_id, category, kind < 33 ORDER BY k), initial) END AS previous
    FROM reported
), stored AS (
    INSERT INTO interactions (session_id, event_id, received_at, occurred_at, time_spent_ms,
        processing_ms, stream_id, source, event_type, category, element_id, selection_value,
        previous_value, total_cents, change_cents, version, skew_ms, tab, seq, bot, props)
    SELECT session_id, event_id, at + interval '35.137 milliseconds', at, spent, 2,
        (ms + 35)::text || '-' || k % 3, 'page', event_type, category,
        CASE WHEN kind < 33 THEN 'option-' || value WHEN kind BETWEEN 53 AND 69
            THEN 'card-' || category WHEN kind BETWEEN 82 AND 93 THEN 'card-' || category END,
        value, previous, CASE WHEN kind < 33 THEN 18000000 + change * 1000 END,
        CASE WHEN kind < 33 THEN change * 1000 END, CASE WHEN kind < 33 THEN k END, 12, 0, k, bot,
        CASE WHEN kind >= 94
            THEN jsonb_build_object('name', 'INP', 'value', 40 + k, 'rating', 'good') END
    FROM events ORDER BY ms
)
INSERT INTO session_choices (
    session_id, category, option, n, time_ms, first_at, last_at, moves, came_from)
SELECT session_id, category, option, count(*), coalesce(sum(spent), 0), min(at), max(at),
    count(*) FILTER (WHERE option <> '' AND option <> before),
    (array_agg(before ORDER BY at, before COLLATE "C") FILTER (WHERE option <> ''))[1]
FROM (
    SELECT *, CASE WHEN kind < 33 THEN split_part(value, ':', 1) ELSE '' END AS option,
        split_part(previous, ':', 1) AS before
    FROM events
) AS chosen GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""

# $1: older events are counted by quarter of an hour, later ones by minute
_QUARTERS = """
INSERT INTO activity_quarters (quarter, bot, n)
SELECT date_bin('15 minutes', occurred_at, 'epoch'), bot, count(*)
FROM interactions WHERE occurred_at < $1 GROUP BY 1, 2
"""
_MINUTES = """
INSERT INTO activity_minutes (minute, event_type, category, bot, n, time_ms)
SELECT date_trunc('minute', occurred_at), event_type, category, bot, count(*),
    coalesce(sum(time_spent_ms), 0)
FROM interactions WHERE occurred_at >= $1 GROUP BY 1, 2, 3, 4
"""
_LEDGER = """
INSERT INTO activity_ledger (hour, outcome, reason, consumer, n)
SELECT date_trunc('hour', received_at), 'stored', '', 'bench', count(*)
FROM interactions GROUP BY 1
"""
_TABLES = (
    "interactions, sessions, session_choices, activity_quarters, activity_minutes, configurations"
)


async def make_history(url: str, *, events: int, days: int) -> float:
    """Make about this number of events over these last days, in an empty product; returns seconds.

    One house must exist: the others look like it.
    """
    began = time.perf_counter()
    now = datetime.now(UTC)
    sessions = events // EVENTS_EACH
    connection = await _connect(url)
    try:
        await connection.execute("SELECT setseed(0.5)")
        await connection.execute(_HOUSES, sessions // SESSIONS_A_HOUSE)
        await connection.execute(_CONFIGURATIONS)
        await connection.execute(_NUMBERED)
        everything = [now.date() - timedelta(days=back) for back in range(days, -1, -1)]
        for day in (*everything, now.date() + timedelta(days=1)):
            await connection.execute("SELECT ensure_interactions_partition($1)", day)
        async with asyncio.TaskGroup() as group:
            for first in range(CONNECTIONS):
                mine = everything[first::CONNECTIONS]
                group.create_task(_fill(url, mine, sessions // days, now))
        folded = (now - timedelta(hours=48)).replace(minute=0, second=0, microsecond=0)
        await connection.execute(_QUARTERS, folded)
        await connection.execute(_MINUTES, folded)
        await connection.execute(_LEDGER)
        await connection.execute("DROP TABLE bench_houses")
        await connection.execute(f"VACUUM (ANALYZE) {_TABLES}")
    finally:
        await connection.close()
    return time.perf_counter() - began


async def _fill(url: str, days: list[date], sessions_each: int, now: datetime) -> None:
    connection = await _connect(url)
    try:
        for day in days:
            async with connection.transaction():
                midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
                part = min(1.0, (now - midnight) / timedelta(days=1))
                await connection.execute(
                    _SESSIONS, day, int(sessions_each * part), now - timedelta(hours=1)
                )
                await connection.execute(_EVENTS, day)
    finally:
        await connection.close()


async def _connect(url: str) -> asyncpg.Connection:
    """A connection for large statements, without a deadline."""
    settings = {"synchronous_commit": "off", "work_mem": "128MB", "statement_timeout": "0"}
    return await asyncpg.connect(url, server_settings=settings)
