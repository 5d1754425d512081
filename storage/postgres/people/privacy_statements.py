"""The SQL that finds, exports and erases personal data.

Sessions are erased by `LOCK_OUT`, then `TOMBSTONES` (except for sessions that are merely old),
`TAKE_BACK` and `SESSION_ROWS`, in one transaction. `LOCK_OUT` blocks the workers' batches meanwhile:
each batch holds the same lock, so no batch can bring back data that is being erased.
"""

from typing import Final

LOCK_OUT: Final = "LOCK TABLE erased_sessions IN EXCLUSIVE MODE"

TOMBSTONES: Final = """
INSERT INTO erased_sessions (session_id) SELECT unnest(CAST(:sessions AS uuid[]))
ON CONFLICT DO NOTHING
"""

# Removes the rows and reduces every sum over them in the same statement. A minute that was folded
# earlier becomes negative until the next folding; the sum of both is exact at once. The ledger keeps
# its total: "stored" becomes "filtered". The ids of the entries stay recorded as settled, so that an
# entry that is delivered again is not counted again.
TAKE_BACK: Final = """
WITH gone AS (
    DELETE FROM interactions WHERE session_id = ANY(CAST(:sessions AS uuid[])) RETURNING *
), settled AS (
    INSERT INTO settled_entries (entry_ms, entry_seq)
    SELECT DISTINCT split_part(stream_id, '-', 1)::bigint, split_part(stream_id, '-', 2)::bigint
    FROM gone ORDER BY 1, 2
    ON CONFLICT DO NOTHING
), minutes AS (
    INSERT INTO activity_minutes AS known (minute, event_type, category, bot, n, time_ms)
    SELECT date_trunc('minute', occurred_at), event_type, category, bot,
        -count(*), -coalesce(sum(time_spent_ms), 0)
    FROM gone GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (minute, event_type, category, bot) DO UPDATE SET
        n = known.n + excluded.n, time_ms = known.time_ms + excluded.time_ms
), moved AS (
    SELECT date_trunc('hour', received_at) AS hour, count(*) AS n FROM gone GROUP BY 1
), ledger AS (
    INSERT INTO activity_ledger AS known (hour, outcome, reason, consumer, n)
    SELECT hour, 'stored', '', 'erasure', -n FROM moved
    UNION ALL SELECT hour, 'filtered', :reason, 'erasure', n FROM moved
    ON CONFLICT (hour, outcome, reason, consumer) DO UPDATE SET n = known.n + excluded.n
)
SELECT count(*) AS rows,
    coalesce(array_agg(DISTINCT date_trunc('minute', occurred_at)), '{}') AS minutes,
    coalesce(array_agg(event_id) FILTER (WHERE received_at > now() - interval '20 minutes'), '{}')
        AS lately
FROM gone
"""

EMPTY_MINUTES: Final = """
DELETE FROM activity_minutes
WHERE n = 0 AND time_ms = 0 AND minute = ANY(CAST(:minutes AS timestamptz[]))
"""

SESSION_ROWS: Final = {
    "choices": "DELETE FROM session_choices WHERE session_id = ANY(CAST(:sessions AS uuid[]))",
    "inquiries_unlinked": "UPDATE inquiries SET session_id = NULL"
    " WHERE session_id = ANY(CAST(:sessions AS uuid[]))",
    "sessions": "DELETE FROM sessions WHERE id = ANY(CAST(:sessions AS uuid[]))",
}

# Entries that still waited in the stream: they were accepted, so the ledger must record their end.
BOOK_WAITING: Final = """
WITH booked AS (
    INSERT INTO settled_entries (entry_ms, entry_seq)
    SELECT DISTINCT ms, seq FROM unnest(CAST(:ms AS bigint[]), CAST(:seq AS bigint[]))
        AS waiting (ms, seq) ORDER BY 1, 2
    ON CONFLICT DO NOTHING RETURNING entry_ms
), ledger AS (
    INSERT INTO activity_ledger AS known (hour, outcome, reason, consumer, n)
    SELECT date_trunc('hour', timestamptz 'epoch' + interval '1 millisecond' * entry_ms),
        'filtered', 'erased', 'erasure', count(*)
    FROM booked GROUP BY 1 ORDER BY 1
    ON CONFLICT (hour, outcome, reason, consumer) DO UPDATE SET n = known.n + excluded.n
)
SELECT count(*) FROM booked
"""

# ---- a person; `:stranger` is the placeholder for them in houses that others keep

HOUSES: Final = """
SELECT id, NOT EXISTS (
        SELECT FROM grants WHERE configuration_id = configurations.id AND person_id <> :person
            AND revoked_at IS NULL
    ) AND NOT EXISTS (
        SELECT FROM inquiries WHERE configuration_id = configurations.id AND person_id <> :person
    ) AS alone
FROM configurations
WHERE owner_id = :person
    OR id IN (SELECT configuration_id FROM grants WHERE person_id = :person)
    OR id IN (SELECT configuration_id FROM share_links WHERE created_by = :person)
ORDER BY id FOR UPDATE
"""

STRANGER: Final = """
INSERT INTO people (id, token_sha256, name, colour) VALUES (:stranger, :token, :name, 0)
"""

DELETE_HOUSES: Final = {
    "inquiries": "DELETE FROM inquiries WHERE person_id = :person",
    "grants": "DELETE FROM grants WHERE person_id = :person",
    "link_uses": "DELETE FROM link_uses WHERE person_id = :person",
    "visits_unlinked": "UPDATE sessions SET configuration_id = NULL"
    " WHERE configuration_id = ANY(CAST(:alone AS uuid[]))",
    "former_roles": "DELETE FROM grants WHERE configuration_id = ANY(CAST(:alone AS uuid[]))",
    "share_links": "DELETE FROM share_links WHERE configuration_id = ANY(CAST(:alone AS uuid[]))",
    "operations": "DELETE FROM operations WHERE configuration_id = ANY(CAST(:alone AS uuid[]))",
    "configurations": "DELETE FROM configurations WHERE id = ANY(CAST(:alone AS uuid[]))",
}

# "Anna hat „Fenster“ inzwischen geändert" contains the name of the person who changed the category.
UNNAME: Final = r"""
UPDATE operations AS op SET reasons = (
    SELECT jsonb_agg(CASE WHEN reason->>'code' = 'changed_meanwhile' AND :person = (
            SELECT person_id FROM operations AS earlier
            WHERE configuration_id = op.configuration_id AND version <= op.judged_at_version
                AND EXISTS (SELECT FROM jsonb_array_elements(earlier.changes) AS change
                            WHERE change->>'category' = reason->>'category')
            ORDER BY version DESC LIMIT 1)
        THEN reason || jsonb_build_object('text', (reason->'text') || jsonb_build_object(
            'de', regexp_replace(reason->'text'->>'de', '^.* hat „', :name || ' hat „'),
            'en', regexp_replace(reason->'text'->>'en', '^.* has changed “',
                                 'A deleted person has changed “')))
        ELSE reason END ORDER BY number)
    FROM jsonb_array_elements(op.reasons) WITH ORDINALITY AS each (reason, number))
WHERE configuration_id = ANY(CAST(:shared AS uuid[])) AND outcome = 'conflict'
    AND reasons @> '[{"code": "changed_meanwhile"}]'
"""

LEAVE_HOUSES: Final = {
    "reasons_unnamed": UNNAME,
    "operations_unnamed": "UPDATE operations SET person_id = :stranger"
    " WHERE configuration_id = ANY(CAST(:shared AS uuid[])) AND person_id = :person",
    "links_ended": "UPDATE share_links SET created_by = :stranger,"
    " revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE created_by = :person",
    "houses_left": "UPDATE configurations SET owner_id = :stranger WHERE owner_id = :person",
}

PERSON: Final = "DELETE FROM people WHERE id = :person"

# ---- the rows of an export; hashes of secrets are left out

EXPORT: Final = {
    "person": "SELECT to_jsonb(t) - 'token_sha256' - 'way_back_sha256' FROM people AS t WHERE id = :person",
    "sessions": "SELECT to_jsonb(t) FROM sessions AS t"
    " WHERE id = ANY(CAST(:sessions AS uuid[])) ORDER BY started_at, id",
    "interactions": "SELECT to_jsonb(t) FROM interactions AS t"
    " WHERE session_id = ANY(CAST(:sessions AS uuid[])) ORDER BY session_id, event_id",
    "choices": "SELECT to_jsonb(t) FROM session_choices AS t"
    " WHERE session_id = ANY(CAST(:sessions AS uuid[])) ORDER BY session_id, category, option",
    "configurations": "SELECT to_jsonb(t) FROM configurations AS t WHERE owner_id = :person"
    " OR id IN (SELECT configuration_id FROM grants WHERE person_id = :person) ORDER BY id",
    "operations": "SELECT to_jsonb(t) - 'body_sha256' FROM operations AS t"
    " WHERE person_id = :person AND configuration_id IN"
    " (SELECT configuration_id FROM grants WHERE person_id = :person"
    " UNION SELECT id FROM configurations WHERE owner_id = :person)"
    " ORDER BY configuration_id, committed_at, op_id",
    "grants": "SELECT to_jsonb(t) FROM grants AS t WHERE person_id = :person"
    " ORDER BY created_at, configuration_id",
    "share_links": "SELECT to_jsonb(t) - 'token_sha256' FROM share_links AS t"
    " WHERE created_by = :person ORDER BY created_at, id",
    "link_uses": "SELECT to_jsonb(t) FROM link_uses AS t WHERE person_id = :person"
    " ORDER BY used_at, share_link_id",
    "inquiries": "SELECT to_jsonb(t) - 'body_sha256' - 'mailbox' FROM inquiries AS t"
    " WHERE person_id = :person OR session_id = ANY(CAST(:sessions AS uuid[]))"
    " OR mailbox = :mailbox ORDER BY created_at, id",
}

# ---- retention

OLD_SESSIONS: Final = """
SELECT id FROM sessions WHERE last_seen_at < CAST(:before AS timestamptz)
ORDER BY last_seen_at LIMIT :limit
"""

OLD_INQUIRIES: Final = """
DELETE FROM inquiries WHERE created_at < CAST(:before AS timestamptz)
"""
