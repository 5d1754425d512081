"""The ledger of all entries of the stream, the choices of each session, and hours beside minutes.

`interactions` gets the true time of an event (`occurred_at`), beside the id that identifies it;
`sessions` gets the day from which the ids of its events are taken (`anchored_at`).
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    # ---- events: their time, their price, and the error of the visitor's clock
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
    # This index is not on a column that every batch changes: then updates can stay in their page
    # (HOT).
    "DROP INDEX ix_sessions_active",
    "CREATE INDEX ix_sessions_active ON sessions (id) WHERE status = 'ACTIVE'",
    # An id has the time of its client's clock. Within a day before and a month after the anchor of
    # its session it stays unchanged. Otherwise the clock is wrong: the id gets the anchor's day,
    # and keeps its time of day and its random part. A retry on any later day therefore gets the
    # same key, and the key's partition exists. The time to read is `occurred_at`.
    """CREATE FUNCTION interaction_key(event_id uuid, event_ms bigint, anchor_ms bigint)
       RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
           SELECT CASE
               WHEN event_ms BETWEEN anchor_ms - 86400000 AND anchor_ms + 2678400000 THEN event_id
               ELSE (lpad(to_hex(anchor_ms - anchor_ms % 86400000 + event_ms % 86400000), 12, '0')
                     || substr(replace(event_id::text, '-', ''), 13))::uuid END
       $$""",
    # ---- the categories that a session looked at (option '') and its choices in each
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
    # ---- additive counts. Old minutes are folded into hours; the figure is the sum of both.
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
    # ---- each entry of the stream ends here once: stored, duplicate, filtered or dead. A row for
    # each worker, so that workers do not wait for each other's COMMIT.
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
    # Entries with another end than stored, so that a second delivery is not counted again. They are
    # deleted when the stream has forgotten them.
    """CREATE TABLE settled_entries (
        entry_ms bigint NOT NULL,
        entry_seq bigint NOT NULL,
        CONSTRAINT pk_settled_entries PRIMARY KEY (entry_ms, entry_seq)
    )""",
    # Erased sessions, whose further entries are filtered.
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
