"""The earlier choice and the moves of a session: changes of mind, without reading its rows.

There is one row for each option; the part of a stored value after a colon is a quantity. `moves`
counts the selections of the option that came from another option; a new quantity does not count.
`came_from` is the option before the earliest selection of this one. Both are updated in the
transaction that stores the events, like all of `session_choices`.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Without STRICT PostgreSQL inlines it into the statement that calls it; a call for each event would
# cost as much as storing the event. Its arguments are never NULL.
_KEY = """CREATE OR REPLACE FUNCTION interaction_key(
        event_id uuid, event_ms bigint, anchor_ms bigint)
    RETURNS uuid LANGUAGE sql IMMUTABLE {strict} PARALLEL SAFE AS $$
        SELECT CASE
            WHEN event_ms BETWEEN anchor_ms - 86400000 AND anchor_ms + 2678400000 THEN event_id
            ELSE (lpad(to_hex(anchor_ms - anchor_ms % 86400000 + event_ms % 86400000), 12, '0')
                  || substr(replace(event_id::text, '-', ''), 13))::uuid END
    $$"""

STATEMENTS = (
    _KEY.format(strict=""),
    """ALTER TABLE session_choices
        ADD COLUMN moves integer NOT NULL DEFAULT 0,
        ADD COLUMN came_from text""",
    # The latest time in the ids of a session's events, by its client's clock: it bounds the search
    # for them.
    "ALTER TABLE sessions ADD COLUMN latest_ms bigint",
    """UPDATE sessions
       SET latest_ms = floor(extract(epoch FROM anchored_at + interval '32 days') * 1000)::bigint""",
    # Choices in a range of sessions are not older than the range; without this index each figure
    # reads all.
    """CREATE INDEX ix_session_choices_first_at ON session_choices
       USING brin (first_at) WITH (pages_per_range = 32, autosummarize = on)""",
    """WITH apart AS (DELETE FROM session_choices WHERE option LIKE '%:%' RETURNING *)
    INSERT INTO session_choices AS known (
        session_id, category, option, n, time_ms, first_at, last_at)
    SELECT session_id, category, split_part(option, ':', 1), sum(n), sum(time_ms), min(first_at),
        max(last_at)
    FROM apart GROUP BY 1, 2, 3
    ON CONFLICT (session_id, category, option) DO UPDATE SET
        n = known.n + excluded.n, time_ms = known.time_ms + excluded.time_ms,
        first_at = least(known.first_at, excluded.first_at),
        last_at = greatest(known.last_at, excluded.last_at)""",
    """WITH selected AS (
        SELECT session_id, category, left(split_part(selection_value, ':', 1), 64) AS option,
            occurred_at,
            coalesce(nullif(left(split_part(previous_value, ':', 1), 64), ''), 'none') AS previous
        FROM interactions WHERE event_type = 'selection' AND selection_value IS NOT NULL
    ), counted AS (
        SELECT session_id, category, option,
            count(*) FILTER (WHERE option <> previous) AS moves,
            (array_agg(previous ORDER BY occurred_at, previous COLLATE "C"))[1] AS came_from
        FROM selected WHERE option <> '' GROUP BY 1, 2, 3
    )
    UPDATE session_choices AS known SET moves = counted.moves, came_from = counted.came_from
    FROM counted
    WHERE (known.session_id, known.category, known.option)
        = (counted.session_id, counted.category, counted.option)""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute(_KEY.format(strict="STRICT"))
    op.execute("ALTER TABLE sessions DROP COLUMN latest_ms")
    op.execute("DROP INDEX ix_session_choices_first_at")
    op.execute("ALTER TABLE session_choices DROP COLUMN moves, DROP COLUMN came_from")
