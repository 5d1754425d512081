"""Indexes to find the data of a person: without them an erasure reads whole tables."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS = (
    "CREATE INDEX ix_inquiries_person_id ON inquiries (person_id)",
    "CREATE INDEX ix_inquiries_session_id ON inquiries (session_id)",
    "CREATE INDEX ix_configurations_owner_id ON configurations (owner_id)",
    "CREATE INDEX ix_share_links_created_by ON share_links (created_by)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for index in (
        "ix_inquiries_person_id", "ix_inquiries_session_id",
        "ix_configurations_owner_id", "ix_share_links_created_by",
    ):  # fmt: skip
        op.execute(f"DROP INDEX {index}")
