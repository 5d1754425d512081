"""Interactions by quarter of an hour: hours and days begin with a quarter in every time zone.

Minutes are folded into quarters from now on. `activity_hours` stays for the minutes folded before,
and for workers of the release before, which still fold into it; figures count both. No code read
the tables `daily_statistics`, `daily_popular` and `daily_combinations`. They are emptied here, and
dropped when no worker of the release before is left that writes to them.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """CREATE TABLE activity_quarters (
            quarter timestamptz NOT NULL,
            bot boolean NOT NULL,
            n bigint NOT NULL,
            CONSTRAINT pk_activity_quarters PRIMARY KEY (quarter, bot)
        )"""
    )
    op.execute("TRUNCATE daily_statistics, daily_popular, daily_combinations")


def downgrade() -> None:
    op.execute(
        """INSERT INTO activity_hours AS known (hour, event_type, category, bot, n, time_ms)
           SELECT date_trunc('hour', quarter), '', '', bot, sum(n), 0 FROM activity_quarters
           GROUP BY 1, 4
           ON CONFLICT (hour, event_type, category, bot) DO UPDATE SET n = known.n + excluded.n"""
    )
    op.execute("DROP TABLE activity_quarters")
