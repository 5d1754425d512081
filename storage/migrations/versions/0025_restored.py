"""The moment of the backup that the data were restored from, for a sentence to people."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None
oldest_code = "0024"


def upgrade() -> None:
    op.execute("ALTER TABLE deployment ADD COLUMN restored_to timestamptz")


def downgrade() -> None:
    op.execute("ALTER TABLE deployment DROP COLUMN restored_to")
