"""The number of entries that the stream took in each of its lives, kept outside of Redis."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None
oldest_code = "0024"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE stream_lives (
            life text NOT NULL,
            offered bigint NOT NULL,
            seen_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_stream_lives PRIMARY KEY (life)
        ) WITH (fillfactor = 50)
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE stream_lives")
