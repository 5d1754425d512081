"""Rows with impossible times, and their counts, get a time that can be read.

Before this release a readable entry of the year 1 or 9999 was stored unchanged; `-infinity` and
dates after 9999 then stopped the audit and the ledger. Nothing is removed: an event gets the time
at which the stream took it, and its counts move with it. Counts of events that retention has
removed move to the hour of this migration. All sums, also by hour, therefore stay true.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ABSURD = "NOT ({0} >= timestamptz '2000-01-01' AND {0} < now() + interval '40 days')"
_WRITTEN = "timestamptz 'epoch' + interval '1 millisecond' * split_part(stream_id, '-', 1)::bigint"


def _absurd(*columns: str) -> str:
    return " OR ".join(_ABSURD.format(column) for column in columns)


_MOVED_COUNTS = f"""
CREATE TEMP TABLE moved_counts ON COMMIT DROP AS
WITH wrong AS (
    SELECT event_type, category, bot, n, time_ms FROM activity_minutes WHERE {_absurd("minute")}
    UNION ALL
    SELECT event_type, category, bot, n, time_ms FROM activity_hours WHERE {_absurd("hour")}
), rows AS (
    SELECT date_trunc('minute', placed_at) AS minute, event_type, category, bot, count(*) AS n,
        coalesce(sum(time_spent_ms), 0) AS time_ms
    FROM moved_rows GROUP BY 1, 2, 3, 4
)
SELECT minute, event_type, category, bot, sum(n)::bigint AS n, sum(time_ms)::bigint AS time_ms
FROM (
    SELECT * FROM rows
    UNION ALL
    SELECT date_trunc('minute', now()), event_type, category, bot, n, time_ms FROM wrong
    UNION ALL
    SELECT date_trunc('minute', now()), event_type, category, bot, -n, -time_ms FROM rows
) AS all_of_them GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0 OR sum(time_ms) <> 0
"""

STATEMENTS = (
    f"""CREATE TEMP TABLE moved_rows ON COMMIT DROP AS
        SELECT session_id, event_id, event_type, category, bot, time_spent_ms,
            {_WRITTEN} AS placed_at
        FROM interactions WHERE {_absurd("occurred_at")}""",
    _MOVED_COUNTS,
    f"""UPDATE interactions SET received_at = {_WRITTEN} WHERE {_absurd("received_at")}""",
    """UPDATE interactions SET occurred_at = placed_at FROM moved_rows
       WHERE interactions.session_id = moved_rows.session_id
         AND interactions.event_id = moved_rows.event_id""",
    f"DELETE FROM activity_minutes WHERE {_absurd('minute')}",
    f"DELETE FROM activity_hours WHERE {_absurd('hour')}",
    """INSERT INTO activity_minutes AS known (minute, event_type, category, bot, n, time_ms)
       SELECT minute, event_type, category, bot, n, time_ms FROM moved_counts
       ON CONFLICT (minute, event_type, category, bot) DO UPDATE
       SET n = known.n + excluded.n, time_ms = known.time_ms + excluded.time_ms""",
    f"""WITH gone AS (DELETE FROM activity_dropped WHERE {_absurd("hour")} RETURNING n)
        INSERT INTO activity_dropped AS known (hour, n)
        SELECT date_trunc('hour', now()), sum(n) FROM gone HAVING sum(n) <> 0
        ON CONFLICT (hour) DO UPDATE SET n = known.n + excluded.n""",
    f"""WITH gone AS (DELETE FROM activity_ledger WHERE {_absurd("hour")} RETURNING *)
        INSERT INTO activity_ledger AS known (hour, outcome, reason, consumer, n)
        SELECT date_trunc('hour', now()), outcome, reason, consumer, sum(n) FROM gone
        GROUP BY 2, 3, 4 HAVING sum(n) <> 0
        ON CONFLICT (hour, outcome, reason, consumer) DO UPDATE SET n = known.n + excluded.n""",
    # An anchor decides the day in the ids of its session's events: they move to its new day.
    f"""CREATE TEMP TABLE moved_anchors ON COMMIT DROP AS
        SELECT id, floor(extract(epoch FROM now()) * 1000)::bigint AS anchor_ms
        FROM sessions WHERE {_absurd("anchored_at")}""",
    """UPDATE sessions SET anchored_at = now() FROM moved_anchors
       WHERE sessions.id = moved_anchors.id""",
    """UPDATE interactions SET event_id = interaction_key(event_id,
           floor(extract(epoch FROM uuid7_time(event_id)) * 1000)::bigint, anchor_ms)
       FROM moved_anchors WHERE session_id = moved_anchors.id""",
    f"""UPDATE sessions SET
            started_at = coalesce(seen.first_at, anchored_at),
            last_seen_at = coalesce(seen.last_at, anchored_at)
        FROM (SELECT wrong.id, min(occurred_at) AS first_at, max(occurred_at) AS last_at
              FROM sessions AS wrong LEFT JOIN interactions ON session_id = wrong.id
              WHERE {_absurd("started_at", "last_seen_at")} GROUP BY wrong.id) AS seen
        WHERE sessions.id = seen.id""",
    f"""UPDATE session_choices SET
            first_at = CASE WHEN {_absurd("first_at")} THEN started_at ELSE first_at END,
            last_at = CASE WHEN {_absurd("last_at")} THEN last_seen_at ELSE last_at END
        FROM sessions WHERE id = session_id AND ({_absurd("first_at", "last_at")})""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """The moved rows are in their right place, so nothing is undone."""
