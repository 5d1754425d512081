"""Keeps the time and network of the last use of an admin session, and its idle limit.

`idle_minutes` NULL means no limit, as for programs and for sessions that the release before opens,
which writes none of these columns.
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE admin_sessions
            ADD COLUMN last_used_at timestamptz NOT NULL DEFAULT now(),
            ADD COLUMN idle_minutes integer,
            ADD COLUMN network text,
            ADD COLUMN user_agent text
        """
    )


def downgrade() -> None:
    op.execute(
        """
        ALTER TABLE admin_sessions
            DROP COLUMN user_agent,
            DROP COLUMN network,
            DROP COLUMN idle_minutes,
            DROP COLUMN last_used_at
        """
    )
