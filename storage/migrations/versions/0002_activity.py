"""Interactions in daily partitions, their roll-up by minute, and the stream's last stored entry."""

from datetime import UTC, datetime, timedelta

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    # The id is the partition key, so (session_id, event_id) is unique over all partitions: a retry
    # is recognised on any later day. The key also gives the timeline of a session.
    """CREATE TABLE interactions (
        session_id uuid NOT NULL,
        event_id uuid NOT NULL,
        received_at timestamptz NOT NULL,
        time_spent_ms integer,
        processing_ms integer NOT NULL,
        stream_id text NOT NULL,
        source text NOT NULL,
        event_type text NOT NULL,
        category text NOT NULL,
        element_id text,
        selection_value text,
        previous_value text,
        CONSTRAINT pk_interactions PRIMARY KEY (session_id, event_id)
    ) PARTITION BY RANGE (event_id)""",
    """CREATE INDEX ix_interactions_received_at ON interactions
       USING brin (received_at) WITH (pages_per_range = 32)""",
    # Stays empty while partitions are made ahead of time; rows that land here are moved when they
    # are made.
    "CREATE TABLE interactions_default PARTITION OF interactions DEFAULT",
    # Each page keeps room, because every batch updates the row of the current minute.
    """CREATE TABLE activity_minutes (
        minute timestamptz NOT NULL,
        event_type text NOT NULL,
        category text NOT NULL,
        n bigint NOT NULL,
        CONSTRAINT pk_activity_minutes PRIMARY KEY (minute, event_type, category)
    ) WITH (fillfactor = 50)""",
    # A row for each worker, so that workers do not wait for each other's COMMIT.
    """CREATE TABLE stream_watermark (
        consumer text NOT NULL,
        stream_ms bigint NOT NULL,
        stream_seq bigint NOT NULL,
        stored_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_stream_watermark PRIMARY KEY (consumer)
    ) WITH (fillfactor = 50)""",
    "CREATE INDEX ix_sessions_active ON sessions (last_seen_at) WHERE status = 'ACTIVE'",
    "ALTER TABLE sessions DROP CONSTRAINT ck_sessions_status",
    """ALTER TABLE sessions ADD CONSTRAINT ck_sessions_status
       CHECK (status IN ('ACTIVE', 'COMPLETED', 'ABANDONED', 'EXPIRED'))""",
    """CREATE FUNCTION uuid7_floor(moment timestamptz) RETURNS uuid
       LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
           SELECT (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0')
                   || '70008000000000000000')::uuid
       $$""",
    """CREATE FUNCTION uuid7_time(id uuid) RETURNS timestamptz
       LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
           SELECT timestamptz 'epoch' + interval '1 millisecond'
               * ('x' || lpad(left(replace(id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint
       $$""",
    # ATTACH instead of PARTITION OF: it lets the running inserts of other days go on.
    """CREATE FUNCTION ensure_interactions_partition(day date) RETURNS boolean
       LANGUAGE plpgsql AS $$
       DECLARE
           part text := 'interactions_' || to_char(day, 'YYYYMMDD');
           low uuid := uuid7_floor(day::timestamp AT TIME ZONE 'UTC');
           high uuid := uuid7_floor((day + 1)::timestamp AT TIME ZONE 'UTC');
       BEGIN
           PERFORM pg_advisory_xact_lock(hashtext('ensure_interactions_partition'));
           IF to_regclass(part) IS NOT NULL THEN
               RETURN false;
           END IF;
           EXECUTE format('CREATE TABLE %I (LIKE interactions INCLUDING DEFAULTS)', part);
           LOCK TABLE interactions_default IN ACCESS EXCLUSIVE MODE;
           EXECUTE format(
               'WITH moved AS (DELETE FROM interactions_default
                               WHERE event_id >= %L AND event_id < %L RETURNING *)
                INSERT INTO %I SELECT * FROM moved', low, high, part);
           EXECUTE format('ALTER TABLE interactions ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                          part, low, high);
           RETURN true;
       END
       $$""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    today = datetime.now(UTC).date()
    for days in range(-1, 8):
        op.execute(f"SELECT ensure_interactions_partition('{today + timedelta(days=days)}')")


def downgrade() -> None:
    op.execute("DROP FUNCTION ensure_interactions_partition(date)")
    for table in ("interactions", "activity_minutes", "stream_watermark"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION uuid7_time(uuid)")
    op.execute("DROP FUNCTION uuid7_floor(timestamptz)")
    op.execute("DROP INDEX ix_sessions_active")
    op.execute("UPDATE sessions SET status = 'ABANDONED' WHERE status = 'EXPIRED'")
    op.execute("ALTER TABLE sessions DROP CONSTRAINT ck_sessions_status")
    op.execute(
        "ALTER TABLE sessions ADD CONSTRAINT ck_sessions_status"
        " CHECK (status IN ('ACTIVE', 'COMPLETED', 'ABANDONED'))"
    )
