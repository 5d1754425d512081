"""Ends tokens that nobody uses, and removes the hashes of ended tokens.

`token_used_at` begins with the time of the migration, because the last use of older tokens is not
known. NULL means that the token has ended; `token_sha256` is NULL then, too. The release before
does not write these columns; a person whom it creates has a token that counts as used now. The
function runs with the rights of the owner, so that the worker that calls it can neither read a hash
nor put one in its place. It handles a part at a time and skips rows that are locked.
"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

FUNCTION = "forget_ended_tokens(integer)"
FORGET = """CREATE FUNCTION forget_ended_tokens(at_most integer)
   RETURNS TABLE (kind text, n bigint) LANGUAGE plpgsql AS $$
   BEGIN
       RETURN QUERY WITH unused AS (
           SELECT id FROM people WHERE token_used_at < now() - interval '400 days'
           LIMIT at_most FOR UPDATE SKIP LOCKED
       ), gone AS (
           UPDATE people SET token_sha256 = NULL, token_used_at = NULL
           FROM unused WHERE people.id = unused.id RETURNING 1
       ) SELECT 'tokens', count(*) FROM gone;
       RETURN QUERY WITH late AS (
           SELECT id FROM people WHERE way_back_until < now()
           LIMIT at_most FOR UPDATE SKIP LOCKED
       ), gone AS (
           UPDATE people SET way_back_sha256 = NULL, way_back_until = NULL
           FROM late WHERE people.id = late.id RETURNING 1
       ) SELECT 'ways_back', count(*) FROM gone;
       RETURN QUERY WITH ended AS (
           SELECT token_sha256 FROM admin_sessions WHERE least(revoked_at, expires_at,
               last_used_at + idle_minutes * interval '1 minute') < now() - interval '30 days'
           LIMIT at_most FOR UPDATE SKIP LOCKED
       ), gone AS (
           DELETE FROM admin_sessions AS session
           USING ended WHERE session.token_sha256 = ended.token_sha256 RETURNING 1
       ) SELECT 'admin_sessions', count(*) FROM gone;
       RETURN QUERY WITH ended AS (
           SELECT token_sha256 FROM admin_links
           WHERE least(used_at, expires_at) < now() - interval '30 days'
           LIMIT at_most FOR UPDATE SKIP LOCKED
       ), gone AS (
           DELETE FROM admin_links AS link
           USING ended WHERE link.token_sha256 = ended.token_sha256 RETURNING 1
       ) SELECT 'admin_links', count(*) FROM gone;
   END
   $$"""


def upgrade() -> None:
    op.execute(
        "ALTER TABLE people ADD COLUMN token_used_at timestamptz DEFAULT now(),"
        " ALTER COLUMN token_sha256 DROP NOT NULL"
    )
    op.execute(FORGET)
    op.execute(f"REVOKE ALL ON FUNCTION {FUNCTION} FROM PUBLIC")
    # The schema of the tables, never a temporary table of the caller.
    op.execute(
        "DO $$ BEGIN EXECUTE format('ALTER FUNCTION "
        f"{FUNCTION} SECURITY DEFINER SET search_path = %I, pg_temp', current_schema());"
        " END $$"
    )


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {FUNCTION}")
    # A hash of no token: two random ids have more bits than anybody can try.
    op.execute(
        "UPDATE people SET token_sha256 ="
        " sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))"
        " WHERE token_sha256 IS NULL"
    )
    op.execute(
        "ALTER TABLE people DROP COLUMN token_used_at, ALTER COLUMN token_sha256 SET NOT NULL"
    )
