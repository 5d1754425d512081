"""Keeps the oldest code that works beside the schema, so that an older release can tell.

From here on each migration names it in `oldest_code`, and `env.py` writes it into
`deployment.oldest_code` in the transaction of the migration. Codes before this one asked for exactly
their own schema; what they did not read they do not miss.
"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None
oldest_code = "0024"


def upgrade() -> None:
    op.execute("ALTER TABLE deployment ADD COLUMN oldest_code text NOT NULL DEFAULT '0024'")


def downgrade() -> None:
    op.execute("ALTER TABLE deployment DROP COLUMN oldest_code")
