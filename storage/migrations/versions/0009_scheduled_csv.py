"""CSV files that are made on a schedule, and the schedules."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    """CREATE TABLE analytics_schedules (
        id uuid NOT NULL,
        name text NOT NULL,
        view text NOT NULL,
        query jsonb NOT NULL,
        days integer NOT NULL,
        hour smallint NOT NULL,
        weekday smallint,
        zone text NOT NULL,
        next_due_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_analytics_schedules PRIMARY KEY (id)
    )""",
    # One file for each due time, whichever worker makes it.
    """CREATE TABLE analytics_files (
        id uuid NOT NULL,
        schedule_id uuid NOT NULL,
        due_at timestamptz NOT NULL,
        made_at timestamptz NOT NULL DEFAULT now(),
        first_day date NOT NULL,
        last_day date NOT NULL,
        rows integer NOT NULL,
        content bytea,
        problem text,
        delivered_at timestamptz,
        delivery_attempts integer NOT NULL DEFAULT 0,
        CONSTRAINT pk_analytics_files PRIMARY KEY (id),
        CONSTRAINT uq_analytics_files_schedule_id UNIQUE (schedule_id, due_at),
        CONSTRAINT fk_analytics_files_schedule_id FOREIGN KEY (schedule_id)
            REFERENCES analytics_schedules (id) ON DELETE CASCADE
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE analytics_files")
    op.execute("DROP TABLE analytics_schedules")
