"""What administrators did, and ways to find what belongs to a person."""

from alembic import op

revision = "0007"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    """CREATE TABLE IF NOT EXISTS admin_actions (
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        at timestamptz NOT NULL DEFAULT now(),
        actor text NOT NULL,
        action text NOT NULL,
        subject text NOT NULL,
        detail jsonb NOT NULL DEFAULT '{}'::jsonb,
        CONSTRAINT pk_admin_actions PRIMARY KEY (id)
    )""",
    # What leads to a person; without them an erasure reads whole tables.
    "CREATE INDEX IF NOT EXISTS ix_sessions_person_id ON sessions (person_id)",
    "CREATE INDEX IF NOT EXISTS ix_inquiries_person_id ON inquiries (person_id)",
    "CREATE INDEX IF NOT EXISTS ix_inquiries_session_id ON inquiries (session_id)",
    "CREATE INDEX IF NOT EXISTS ix_configurations_owner_id ON configurations (owner_id)",
    "CREATE INDEX IF NOT EXISTS ix_share_links_created_by ON share_links (created_by)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for index in (
        "ix_sessions_person_id", "ix_inquiries_person_id", "ix_inquiries_session_id",
        "ix_configurations_owner_id", "ix_share_links_created_by",
    ):  # fmt: skip
        op.execute(f"DROP INDEX IF EXISTS {index}")
    op.execute("DROP TABLE IF EXISTS admin_actions")
