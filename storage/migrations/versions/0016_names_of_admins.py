"""Keeps the name that an admin link was made for, so that the audit can name people.

Nullable and without a default: the release before neither reads nor writes it.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE admin_links ADD COLUMN name text")
    op.execute("ALTER TABLE admin_sessions ADD COLUMN name text")


def downgrade() -> None:
    op.execute("ALTER TABLE admin_sessions DROP COLUMN name")
    op.execute("ALTER TABLE admin_links DROP COLUMN name")
