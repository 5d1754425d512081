"""Indexes for the figures of a range, and links to shared dashboards."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    # For the sessions of a range, newest first and in pages, and for their outcomes without reading
    # rows.
    """CREATE INDEX ix_sessions_range ON sessions (started_at, id)
       INCLUDE (status, order_value_cents, bot_reason)""",
    "DROP INDEX ix_sessions_started_at",
    # For a person's first session, and for the session that a person goes on with.
    """CREATE INDEX ix_sessions_person_id ON sessions (person_id, started_at)
       WHERE person_id IS NOT NULL""",
    """CREATE TABLE analytics_links (
        id uuid NOT NULL,
        token_sha256 bytea NOT NULL,
        name text NOT NULL,
        views jsonb NOT NULL,
        query jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz,
        CONSTRAINT pk_analytics_links PRIMARY KEY (id),
        CONSTRAINT uq_analytics_links_token_sha256 UNIQUE (token_sha256)
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE analytics_links")
    op.execute("DROP INDEX ix_sessions_person_id")
    op.execute("CREATE INDEX ix_sessions_started_at ON sessions (started_at)")
    op.execute("DROP INDEX ix_sessions_range")
