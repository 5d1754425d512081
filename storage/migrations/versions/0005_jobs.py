"""The audit of admins, the runs of jobs, the rows that retention removed, and figures by day."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    """CREATE TABLE admin_actions (
        id bigint GENERATED ALWAYS AS IDENTITY,
        at timestamptz NOT NULL DEFAULT now(),
        actor text NOT NULL,
        action text NOT NULL,
        subject text NOT NULL,
        detail jsonb NOT NULL DEFAULT '{}'::jsonb,
        CONSTRAINT pk_admin_actions PRIMARY KEY (id)
    )""",
    # A run begins with an insert and ends with an update, so a run that was killed is visible, too.
    """CREATE TABLE job_runs (
        id bigint GENERATED ALWAYS AS IDENTITY,
        job text NOT NULL,
        node text NOT NULL,
        started_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        due_at timestamptz,
        outcome text,
        detail jsonb NOT NULL DEFAULT '{}'::jsonb,
        CONSTRAINT pk_job_runs PRIMARY KEY (id),
        CONSTRAINT ck_job_runs_outcome CHECK (outcome IN ('ok', 'failed', 'skipped'))
    )""",
    "CREATE INDEX ix_job_runs_job_id ON job_runs (job, id)",
    "CREATE INDEX ix_job_runs_running ON job_runs (job) WHERE outcome IS NULL",
    "CREATE INDEX ix_job_runs_started_at ON job_runs (started_at)",
    # The number of rows of each hour (by `occurred_at`) that retention removed: roll-ups still
    # count them.
    """CREATE TABLE activity_dropped (
        hour timestamptz NOT NULL,
        n bigint NOT NULL,
        CONSTRAINT pk_activity_dropped PRIMARY KEY (hour)
    )""",
    # ---- by day in Vienna; all but the bot columns are without bots
    """CREATE TABLE daily_statistics (
        day date NOT NULL,
        sessions bigint NOT NULL,
        completed bigint NOT NULL,
        abandoned bigint NOT NULL,
        order_value_cents bigint NOT NULL,
        interactions bigint NOT NULL,
        bot_sessions bigint NOT NULL,
        bot_interactions bigint NOT NULL,
        refreshed_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_daily_statistics PRIMARY KEY (day)
    )""",
    """CREATE TABLE daily_popular (
        day date NOT NULL,
        category text NOT NULL,
        option text NOT NULL,
        n bigint NOT NULL,
        CONSTRAINT pk_daily_popular PRIMARY KEY (day, category, option)
    )""",
    """CREATE TABLE daily_combinations (
        day date NOT NULL,
        selection_sha256 bytea NOT NULL,
        selection jsonb NOT NULL,
        n bigint NOT NULL,
        CONSTRAINT pk_daily_combinations PRIMARY KEY (day, selection_sha256)
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in (
        "daily_combinations", "daily_popular", "daily_statistics", "activity_dropped", "job_runs",
        "admin_actions",
    ):  # fmt: skip
        op.execute(f"DROP TABLE IF EXISTS {table}")
