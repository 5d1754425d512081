"""Lets a worker that does not own the tables make and drop partitions of interactions.

Two functions with the rights of the owner do it, for the worker's role alone; the second has the
statements that `Upkeep` ran itself before. Processes of the release before, whose login owns the
tables, go on as before.
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# `name` is checked, because the caller names the table to drop. The rows are counted while no row
# can be added; then the parent's lock is taken only briefly. A caller that waits for that lock
# holds up all others that store, so it gives up soon, and the job tries again later.
DROP = """CREATE FUNCTION drop_interactions_partition(part text) RETURNS boolean
   LANGUAGE plpgsql AS $$
   BEGIN
       IF part !~ '^interactions_[0-9]{8}$' THEN
           RAISE EXCEPTION 'not a partition by day' USING ERRCODE = 'invalid_parameter_value';
       END IF;
       PERFORM pg_advisory_xact_lock(hashtext('drop interactions'));
       IF to_regclass(part) IS NULL THEN
           RETURN false;
       END IF;
       EXECUTE format('LOCK TABLE %I IN SHARE MODE', part);
       EXECUTE format(
           'INSERT INTO activity_dropped AS known (hour, n)
            SELECT date_trunc(''hour'', occurred_at), count(*) FROM %I GROUP BY 1 ORDER BY 1
            ON CONFLICT (hour) DO UPDATE SET n = known.n + excluded.n', part);
       PERFORM set_config('lock_timeout', '500ms', true);
       EXECUTE format('ALTER TABLE interactions DETACH PARTITION %I', part);
       EXECUTE format('DROP TABLE %I', part);
       RETURN true;
   END
   $$"""
FUNCTIONS = ("ensure_interactions_partition(date)", "drop_interactions_partition(text)")


def upgrade() -> None:
    op.execute(DROP)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        # The schema of the tables, never a temporary table of the caller.
        op.execute(
            "DO $$ BEGIN EXECUTE format('ALTER FUNCTION "
            f"{function} SECURITY DEFINER SET search_path = %I, pg_temp', current_schema());"
            " END $$"
        )


def downgrade() -> None:
    op.execute("DROP FUNCTION drop_interactions_partition(text)")
    op.execute(
        "ALTER FUNCTION ensure_interactions_partition(date) SECURITY INVOKER RESET search_path"
    )
    op.execute("GRANT EXECUTE ON FUNCTION ensure_interactions_partition(date) TO PUBLIC")
