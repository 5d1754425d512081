"""Accepts only audit lines that follow the newest one, and records that old lines were signed.

Before, a process that may append could give a line any number, time and signature, even ones after
which the chain could not go on. Existing lines of that kind stay unchanged: `nest audit verify`
names them. `deployment.audit_adopted_at` is the time at which `nest migrate` signed the lines of
old releases, or found none: it never signs old lines again (`Audit.adopt`).
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# The table is named by its number, because the search path is the caller's. A comparison with NULL
# refuses the line.
IN_TURN = """CREATE OR REPLACE FUNCTION refuse_change_of_audit() RETURNS trigger
   LANGUAGE plpgsql AS $$
   DECLARE
       newest bigint;
   BEGIN
       IF TG_OP = 'UPDATE' THEN
           IF OLD.signature IS NULL AND NEW.id = OLD.id AND octet_length(NEW.signature) = 32
               AND NEW.key_id ~ '^[0-9a-f]{8}$' THEN
               RETURN NEW;
           END IF;
       ELSIF TG_OP = 'INSERT' THEN
           EXECUTE format('SELECT max(id) FROM %s', TG_RELID::regclass) INTO newest;
           IF newest = 9223372036854775807 THEN
               RAISE EXCEPTION 'admin_actions has a line with the last number there is'
                   USING ERRCODE = 'insufficient_privilege';
           END IF;
           IF NEW.id = greatest(newest, 0) + 1
               AND NEW.at BETWEEN clock_timestamp() - interval '5 minutes'
                   AND clock_timestamp() + interval '5 minutes'
               AND octet_length(NEW.signature) = 32
               AND NEW.key_id ~ '^[0-9a-f]{8}$'
               AND jsonb_typeof(NEW.detail) = 'object' THEN
               RETURN NEW;
           END IF;
       END IF;
       RAISE EXCEPTION 'admin_actions is append-only: each line is signed, is of now and has the next number'
           USING ERRCODE = 'insufficient_privilege';
   END
   $$"""
BEFORE = """CREATE OR REPLACE FUNCTION refuse_change_of_audit() RETURNS trigger
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
   $$"""


def upgrade() -> None:
    op.execute(IN_TURN)
    op.execute("ALTER TABLE deployment ADD COLUMN audit_adopted_at timestamptz")


def downgrade() -> None:
    op.execute("ALTER TABLE deployment DROP COLUMN audit_adopted_at")
    op.execute(BEFORE)
