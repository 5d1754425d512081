"""A session is unique by its id alone.

The id follows from `external_id`, so the second unique key was redundant. `ON CONFLICT (id)` does
not cover that key: two workers that met a new session at the same moment could fail on it.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE sessions DROP CONSTRAINT uq_sessions_external_id")


def downgrade() -> None:
    op.execute("ALTER TABLE sessions ADD CONSTRAINT uq_sessions_external_id UNIQUE (external_id)")
