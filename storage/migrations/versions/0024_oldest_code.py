"""Keeps the oldest code that works with the schema, so that an older release can check itself.

From here on each migration names it in `oldest_code`, and `env.py` writes it into
`deployment.oldest_code` in the transaction of the migration. Earlier code accepted only exactly its
own schema, so it does not need the new column.
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
