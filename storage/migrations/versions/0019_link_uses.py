"""Limits the number of people of a share link, and keeps who used it, and when people were present.

`uses_max` and `seen_at` are nullable and without a default: the release before neither reads nor
writes them. While both releases run, the release before ignores `uses_max`. Existing roles that
came from a link are recorded as its uses.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE share_links ADD COLUMN uses_max integer")
    op.execute("ALTER TABLE grants ADD COLUMN seen_at timestamptz")
    op.execute(
        """
        CREATE TABLE link_uses (
            share_link_id uuid NOT NULL,
            person_id uuid NOT NULL,
            gave_role boolean NOT NULL,
            used_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_link_uses PRIMARY KEY (share_link_id, person_id),
            CONSTRAINT fk_link_uses_share_link_id_share_links
                FOREIGN KEY (share_link_id) REFERENCES share_links (id) ON DELETE CASCADE,
            CONSTRAINT fk_link_uses_person_id_people FOREIGN KEY (person_id) REFERENCES people (id)
        )
        """
    )
    op.execute("CREATE INDEX ix_link_uses_person_id ON link_uses (person_id)")
    op.execute(
        """
        INSERT INTO link_uses (share_link_id, person_id, gave_role, used_at)
        SELECT share_link_id, person_id, true, created_at FROM grants
        WHERE share_link_id IS NOT NULL
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE link_uses")
    op.execute("ALTER TABLE grants DROP COLUMN seen_at")
    op.execute("ALTER TABLE share_links DROP COLUMN uses_max")
