"""The option of a category after a choice was taken back or adjusted.

`became` is in the row of option '', because an undo, redo or adjustment by a rule is no choice: it
is the option that the latest of these left, at `became_at`. Workers of the release before leave
both columns empty. Sessions without a choice become EXPIRED: a visitor who only looked has
abandoned nothing.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE session_choices ADD COLUMN became text, ADD COLUMN became_at timestamptz",
    """WITH changed AS (
        SELECT DISTINCT ON (session_id, category) session_id, category, occurred_at,
            left(split_part(selection_value, ':', 1), 64) AS option
        FROM interactions
        WHERE event_type IN ('undo', 'redo', 'adjusted') AND selection_value IS NOT NULL
        ORDER BY session_id, category, occurred_at DESC, selection_value COLLATE "C" DESC
    )
    UPDATE session_choices AS known SET became = changed.option, became_at = changed.occurred_at
    FROM changed WHERE known.option = ''
        AND (known.session_id, known.category) = (changed.session_id, changed.category)""",
    """UPDATE sessions SET status = 'EXPIRED' WHERE status = 'ABANDONED'
        AND NOT EXISTS (SELECT FROM session_choices
            WHERE session_id = sessions.id AND option NOT IN ('', 'none'))
        AND NOT EXISTS (SELECT FROM operations
            WHERE operations.configuration_id = sessions.configuration_id
                AND operations.person_id = sessions.person_id
                AND version IS NOT NULL AND committed_at >= sessions.started_at
                AND changes @? '$[*] ? (@.cause == "asked" && @.after.option != "none")')""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE session_choices DROP COLUMN became, DROP COLUMN became_at")
