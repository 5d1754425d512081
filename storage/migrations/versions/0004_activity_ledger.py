"""Where every entry of the stream ended, what each session chose, hours beside minutes.

`interactions` learns when something really happened (`occurred_at`), beside the id that keeps it
apart from others; `sessions` learns from which day the ids of its events are taken (`anchored_at`).
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    # ---- events: when they happened, what they cost, how far the visitor's clock was off
    """ALTER TABLE interactions
        ADD COLUMN occurred_at timestamptz,
        ADD COLUMN total_cents bigint,
        ADD COLUMN change_cents bigint,
        ADD COLUMN skew_ms bigint,
        ADD COLUMN version integer,
        ADD COLUMN seq integer,
        ADD COLUMN tab smallint,
        ADD COLUMN bot boolean NOT NULL DEFAULT false,
        ADD COLUMN props jsonb""",
    "UPDATE interactions SET occurred_at = uuid7_time(event_id)",
    "ALTER TABLE interactions ALTER COLUMN occurred_at SET NOT NULL",
    """CREATE INDEX ix_interactions_occurred_at ON interactions
       USING brin (occurred_at) WITH (pages_per_range = 32)""",
    "DROP INDEX ix_interactions_received_at",
    # ---- sessions: once for each visit, not once for each event
    """ALTER TABLE sessions
        ADD COLUMN anchored_at timestamptz NOT NULL DEFAULT now(),
        ADD COLUMN language text,
        ADD COLUMN referrer text,
        ADD COLUMN network inet,
        ADD COLUMN bot_reason text,
        ADD COLUMN lost_events integer""",
    "UPDATE sessions SET anchored_at = started_at",
    # Not on a column that every batch changes: its updates can then stay in their page (HOT).
    "DROP INDEX ix_sessions_active",
    "CREATE INDEX ix_sessions_active ON sessions (id) WHERE status = 'ACTIVE'",
    # An id says when its client thought it was. Within a day before and a month after the anchor of
    # its session it stays as it is. Else the clock is wrong: the anchor's day takes the place of
    # the day; the time of day and the random part stay. So a retry on whatever day finds the same
    # key, and the key's partition exists. `occurred_at` is the time to read.
    """CREATE FUNCTION interaction_key(event_id uuid, event_ms bigint, anchor_ms bigint)
       RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
           SELECT CASE
               WHEN event_ms BETWEEN anchor_ms - 86400000 AND anchor_ms + 2678400000 THEN event_id
               ELSE (lpad(to_hex(anchor_ms - anchor_ms % 86400000 + event_ms % 86400000), 12, '0')
                     || substr(replace(event_id::text, '-', ''), 13))::uuid END
       $$""",
    # ---- what a session looked at (option '') and chose in each category
    """CREATE TABLE session_choices (
        session_id uuid NOT NULL,
        category text NOT NULL,
        option text NOT NULL,
        n integer NOT NULL,
        time_ms bigint NOT NULL,
        first_at timestamptz NOT NULL,
        last_at timestamptz NOT NULL,
        CONSTRAINT pk_session_choices PRIMARY KEY (session_id, category, option)
    ) WITH (fillfactor = 70)""",
    # ---- additive counts. Minutes are folded into hours when they are old; the sum of both counts.
    """ALTER TABLE activity_minutes
        ADD COLUMN bot boolean NOT NULL DEFAULT false,
        ADD COLUMN time_ms bigint NOT NULL DEFAULT 0""",
    "ALTER TABLE activity_minutes DROP CONSTRAINT pk_activity_minutes",
    """ALTER TABLE activity_minutes ADD CONSTRAINT pk_activity_minutes
       PRIMARY KEY (minute, event_type, category, bot)""",
    """CREATE TABLE activity_hours (
        hour timestamptz NOT NULL,
        event_type text NOT NULL,
        category text NOT NULL,
        bot boolean NOT NULL,
        n bigint NOT NULL,
        time_ms bigint NOT NULL,
        CONSTRAINT pk_activity_hours PRIMARY KEY (hour, event_type, category, bot)
    )""",
    # ---- every entry of the stream ends here once: stored, duplicate, filtered or dead.
    # A row for each worker, so that workers do not wait for each other's COMMIT.
    """CREATE TABLE activity_ledger (
        hour timestamptz NOT NULL,
        outcome text NOT NULL,
        reason text NOT NULL,
        consumer text NOT NULL,
        n bigint NOT NULL,
        CONSTRAINT pk_activity_ledger PRIMARY KEY (hour, outcome, reason, consumer),
        CONSTRAINT ck_activity_ledger_outcome
            CHECK (outcome IN ('stored', 'duplicate', 'filtered', 'dead'))
    ) WITH (fillfactor = 50)""",
    # Entries that ended otherwise than stored, so that a second delivery is not counted again.
    # Forgotten when the stream has forgotten them.
    """CREATE TABLE settled_entries (
        entry_ms bigint NOT NULL,
        entry_seq bigint NOT NULL,
        CONSTRAINT pk_settled_entries PRIMARY KEY (entry_ms, entry_seq)
    )""",
    # Sessions that were erased: what still comes of them is filtered.
    """CREATE TABLE erased_sessions (
        session_id uuid NOT NULL,
        erased_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_erased_sessions PRIMARY KEY (session_id)
    )""",
    """INSERT INTO activity_ledger (hour, outcome, reason, consumer, n)
       SELECT date_trunc('hour', received_at), 'stored', '', 'before', count(*)
       FROM interactions GROUP BY 1""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in (
        "erased_sessions", "settled_entries", "activity_ledger", "activity_hours", "session_choices",
    ):  # fmt: skip
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION interaction_key(uuid, bigint, bigint)")
    op.execute("ALTER TABLE activity_minutes DROP CONSTRAINT pk_activity_minutes")
    op.execute("ALTER TABLE activity_minutes DROP COLUMN bot, DROP COLUMN time_ms")
    op.execute(
        "ALTER TABLE activity_minutes ADD CONSTRAINT pk_activity_minutes"
        " PRIMARY KEY (minute, event_type, category)"
    )
    op.execute("DROP INDEX ix_sessions_active")
    op.execute("CREATE INDEX ix_sessions_active ON sessions (last_seen_at) WHERE status = 'ACTIVE'")
    op.execute(
        "ALTER TABLE sessions DROP COLUMN anchored_at, DROP COLUMN language, DROP COLUMN referrer,"
        " DROP COLUMN network, DROP COLUMN bot_reason, DROP COLUMN lost_events"
    )
    op.execute(
        "CREATE INDEX ix_interactions_received_at ON interactions"
        " USING brin (received_at) WITH (pages_per_range = 32)"
    )
    op.execute("DROP INDEX ix_interactions_occurred_at")
    op.execute(
        "ALTER TABLE interactions DROP COLUMN occurred_at, DROP COLUMN total_cents,"
        " DROP COLUMN change_cents, DROP COLUMN skew_ms, DROP COLUMN version, DROP COLUMN seq,"
        " DROP COLUMN tab, DROP COLUMN bot, DROP COLUMN props"
    )
