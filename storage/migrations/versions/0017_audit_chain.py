"""Makes the audit append-only, with columns for its chain of signatures.

Lines of releases before have no signature until `nest migrate` signs them, once, after this
migration (`Audit.adopt`); from then on nothing changes or removes a line. Processes of the release
before cannot sign, so requests of admins to them fail until they are replaced; requests of visitors
still work.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE admin_actions ALTER COLUMN id DROP IDENTITY",
    """ALTER TABLE admin_actions
        ADD COLUMN network text,
        ADD COLUMN result text NOT NULL DEFAULT 'done',
        ADD COLUMN key_id text,
        ADD COLUMN signature bytea""",
    """CREATE FUNCTION refuse_change_of_audit() RETURNS trigger
       LANGUAGE plpgsql AS $$
       BEGIN
           IF TG_OP = 'UPDATE' THEN
               IF OLD.signature IS NULL THEN
                   RETURN NEW;
               END IF;
           ELSIF TG_OP = 'INSERT' THEN
               IF NEW.signature IS NOT NULL AND NEW.key_id IS NOT NULL THEN
                   RETURN NEW;
               END IF;
           END IF;
           RAISE EXCEPTION 'admin_actions is append-only, and each line is signed'
               USING ERRCODE = 'insufficient_privilege';
       END
       $$""",
    """CREATE TRIGGER tr_admin_actions_keep BEFORE INSERT OR UPDATE OR DELETE ON admin_actions
       FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit()""",
    """CREATE TRIGGER tr_admin_actions_keep_all BEFORE TRUNCATE ON admin_actions
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit()""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER tr_admin_actions_keep_all ON admin_actions")
    op.execute("DROP TRIGGER tr_admin_actions_keep ON admin_actions")
    op.execute("DROP FUNCTION refuse_change_of_audit()")
    op.execute(
        "ALTER TABLE admin_actions DROP COLUMN signature, DROP COLUMN key_id, DROP COLUMN result,"
        " DROP COLUMN network"
    )
    op.execute("ALTER TABLE admin_actions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY")
