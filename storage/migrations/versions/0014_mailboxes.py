"""The form of each inquiry's e-mail address, by which all its spellings are found."""

import sqlalchemy as sa
from alembic import op

from configurator.people.mailboxes import mailbox

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ROWS = 1_000


def upgrade() -> None:
    # The column has no default, and is NULL where the release before writes:
    # `storage.postgres.people.privacy` fills it in.
    op.execute("ALTER TABLE inquiries ADD COLUMN mailbox text")
    connection = op.get_bind()
    unnamed = sa.text(f"SELECT id, email FROM inquiries WHERE mailbox IS NULL LIMIT {ROWS}")
    named = sa.text("UPDATE inquiries SET mailbox = :mailbox WHERE id = :id")
    while rows := connection.execute(unnamed).all():
        connection.execute(named, [{"id": row.id, "mailbox": mailbox(row.email)} for row in rows])
    op.execute("CREATE INDEX ix_inquiries_mailbox ON inquiries (mailbox)")


def downgrade() -> None:
    op.execute("ALTER TABLE inquiries DROP COLUMN mailbox")
