"""Keeps the hash of the secret with which a person who signed out comes back.

Nullable and without a default: the release before neither reads nor writes it.
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE people ADD COLUMN way_back_sha256 bytea")
    op.execute("ALTER TABLE people ADD COLUMN way_back_until timestamptz")
    op.execute(
        "ALTER TABLE people ADD CONSTRAINT uq_people_way_back_sha256 UNIQUE (way_back_sha256)"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE people DROP COLUMN way_back_until")
    op.execute("ALTER TABLE people DROP COLUMN way_back_sha256")
