"""How often the start page was seen: a number by minute, and nothing of who saw it."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """CREATE TABLE page_views (
            minute timestamptz NOT NULL,
            page text NOT NULL,
            bot boolean NOT NULL,
            n bigint NOT NULL,
            CONSTRAINT pk_page_views PRIMARY KEY (minute, page, bot)
        )"""
    )


def downgrade() -> None:
    op.execute("DROP TABLE page_views")
