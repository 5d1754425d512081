"""The views of the start page: a number for each minute, without anything about the visitors."""

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
