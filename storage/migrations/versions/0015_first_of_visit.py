"""The times of a session's language and referrer: the earliest value is kept, whenever it comes.

Nullable and without a default: the release before neither reads nor writes them.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE sessions ADD COLUMN language_at timestamptz, ADD COLUMN referrer_at timestamptz"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE sessions DROP COLUMN language_at, DROP COLUMN referrer_at")
