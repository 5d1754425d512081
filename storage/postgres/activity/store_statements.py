"""The SQL that stores a batch of the stream, in the order in which one transaction runs it.

1. `STAGING`, then COPY into it: the batch, one row per entry. An erasure takes the same lock
   exclusively, so it runs before or after a batch, never during it: a batch that read earlier cannot
   bring anything of an erased session back.
2. `ANCHOR`: new sessions get their row, so that the ids of their events can be placed. Then
   all sessions of the batch are locked: from here to COMMIT no other worker stores for them, so a
   fact that the next steps read of a session (whether it is a bot's) still holds when they write.
3. `TURN`, only when `TURNING`: a session with one event of a bot is a bot's as a whole, so its
   earlier events become the bot's, in their rows and in the counts of step 4.
4. `STORE`: new events go into `interactions` and, in the same statement, into every roll-up.
5. `SETTLE_REPEATS`, only when some events were not new: marks which entries were repeats.

Steps 2 to 5 are statements of their own because each must see what other workers have committed
while the one before it waited. Every upsert is ordered by its key, and sessions come before
choices, choices before minutes, minutes before the ledger (each step waits for the count of the one
before it), so two workers that store the same events lock the same rows in the same order and cannot
deadlock.
"""

from typing import Final

from storage.postgres.activity.batch_rows import BATCH_COLUMNS, KEPT_COLUMNS

STAGING: Final = f"""
CREATE TEMP TABLE IF NOT EXISTS incoming_interactions (
    LIKE interactions, {BATCH_COLUMNS}
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS turned_minutes (
    minute timestamptz, event_type text, category text, bot boolean, n bigint, time_ms bigint
) ON COMMIT DELETE ROWS;
LOCK TABLE erased_sessions IN ROW SHARE MODE
"""

ANCHOR: Final = """
INSERT INTO sessions (id, external_id, anchored_at, started_at, last_seen_at)
SELECT * FROM (
    SELECT session_id, min(external_id), min(received_at), min(occurred_at), min(occurred_at)
    FROM incoming_interactions GROUP BY session_id
) AS came
WHERE NOT EXISTS (SELECT FROM sessions WHERE id = came.session_id)
    AND NOT EXISTS (SELECT FROM erased_sessions WHERE session_id = came.session_id)
ORDER BY session_id
ON CONFLICT (id) DO NOTHING;
SELECT FROM sessions WHERE id IN (SELECT session_id FROM incoming_interactions)
ORDER BY id FOR NO KEY UPDATE
"""

_TURNING: Final = """
    FROM sessions WHERE bot_reason IS NULL AND interaction_count > 0 AND id IN (
        SELECT session_id FROM incoming_interactions WHERE bot_reason IS NOT NULL)"""

TURNING: Final = f"SELECT EXISTS (SELECT {_TURNING})"

# This also marks the session itself: the event of the bot may be a repeat, which adds no new row.
TURN: Final = f"""
WITH turning AS (
    SELECT id, uuid7_floor(anchored_at - interval '2 days') AS low,
        uuid7_floor(anchored_at + interval '32 days') AS high {_TURNING}
), turned AS (
    UPDATE interactions SET bot = true FROM turning
    WHERE session_id = turning.id AND event_id >= low AND event_id < high AND NOT bot
    RETURNING occurred_at, event_type, category, time_spent_ms
)
INSERT INTO turned_minutes
SELECT date_trunc('minute', occurred_at), event_type, category, is_bot, sum(sign),
    sum(sign * coalesce(time_spent_ms, 0))
FROM turned CROSS JOIN (VALUES (false, -1), (true, 1)) AS sides (is_bot, sign)
GROUP BY 1, 2, 3, 4;
UPDATE sessions SET bot_reason = said.reason
FROM (SELECT session_id, min(bot_reason) AS reason FROM incoming_interactions
      WHERE bot_reason IS NOT NULL GROUP BY session_id) AS said
WHERE id = session_id AND sessions.bot_reason IS NULL AND interaction_count > 0
"""

_PLACED: Final = """
    SELECT incoming.*, of_bot, interaction_key(event_id, event_ms, anchor_ms) AS key
    FROM incoming_interactions AS incoming
    JOIN LATERAL (
        SELECT floor(extract(epoch FROM anchored_at) * 1000)::bigint AS anchor_ms,
            sessions.bot_reason IS NOT NULL OR incoming.session_id IN (
                SELECT session_id FROM incoming_interactions WHERE bot_reason IS NOT NULL) AS of_bot
        FROM sessions WHERE id = incoming.session_id
    ) AS session ON true
    WHERE NOT EXISTS (SELECT FROM erased_sessions WHERE session_id = incoming.session_id)
"""

# In a value, the option stands before the colon and the quantity after it. An undo or an adjustment
# by a rule is not a choice (''), but sets what the category `became`.
# The order of the SELECT decides which entry of several with one key is the event: the first.
# All counts come from the rows that were inserted; only the visitor's facts of a session are looked
# up in the batch.
STORE: Final = f"""
WITH placed AS ({_PLACED}), inserted AS (
    INSERT INTO interactions (session_id, event_id, bot, props, {KEPT_COLUMNS})
    SELECT session_id, key, of_bot, props, {KEPT_COLUMNS} FROM placed
    ORDER BY session_id, key, entry_ms, entry_seq
    ON CONFLICT DO NOTHING
    RETURNING session_id, event_id, stream_id, received_at, occurred_at, time_spent_ms, event_type,
        category, bot, CASE WHEN event_type = 'selection' AND selection_value IS NOT NULL
            THEN left(split_part(selection_value, ':', 1), 64) ELSE '' END AS option,
        CASE WHEN event_type IN ('undo', 'redo', 'adjusted') AND selection_value IS NOT NULL
            THEN left(split_part(selection_value, ':', 1), 64) END AS became,
        coalesce(nullif(left(split_part(previous_value, ':', 1), 64), ''), 'none') AS previous
), visits AS (
    INSERT INTO sessions AS known (
        id, external_id, started_at, last_seen_at, interaction_count, last_category,
        device_type, viewport_width, viewport_height, language, referrer,
        language_at, referrer_at, network, bot_reason, latest_ms)
    SELECT inserted.session_id, min(external_id), min(inserted.occurred_at),
        max(inserted.occurred_at), count(*),
        (array_agg(inserted.category ORDER BY inserted.occurred_at DESC, inserted.event_id DESC))[1],
        (array_agg(device_type ORDER BY inserted.event_id DESC)
            FILTER (WHERE device_type IS NOT NULL))[1],
        (array_agg(width ORDER BY inserted.event_id DESC) FILTER (WHERE width IS NOT NULL))[1],
        (array_agg(height ORDER BY inserted.event_id DESC) FILTER (WHERE height IS NOT NULL))[1],
        (array_agg(language ORDER BY inserted.occurred_at, language)
            FILTER (WHERE language IS NOT NULL))[1],
        (array_agg(referrer ORDER BY inserted.occurred_at, referrer)
            FILTER (WHERE referrer IS NOT NULL))[1],
        min(inserted.occurred_at) FILTER (WHERE language IS NOT NULL),
        min(inserted.occurred_at) FILTER (WHERE referrer IS NOT NULL),
        (array_agg(network ORDER BY inserted.event_id)
            FILTER (WHERE network IS NOT NULL))[1]::inet,
        (SELECT min(bot_reason) FROM incoming_interactions AS of_batch
            WHERE of_batch.session_id = inserted.session_id), max(event_ms)
    FROM inserted JOIN incoming_interactions AS incoming USING (stream_id)
    GROUP BY inserted.session_id ORDER BY inserted.session_id
    ON CONFLICT (id) DO UPDATE SET
        external_id = coalesce(known.external_id, excluded.external_id),
        started_at = least(known.started_at, excluded.started_at),
        last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at),
        interaction_count = known.interaction_count + excluded.interaction_count,
        last_category = CASE WHEN excluded.last_seen_at >= known.last_seen_at
            OR known.last_category IS NULL THEN excluded.last_category ELSE known.last_category END,
        device_type = coalesce(excluded.device_type, known.device_type),
        viewport_width = coalesce(excluded.viewport_width, known.viewport_width),
        viewport_height = coalesce(excluded.viewport_height, known.viewport_height),
        language = CASE WHEN known.language IS NULL
            OR (excluded.language_at, excluded.language)
                < (coalesce(known.language_at, known.started_at), known.language)
            THEN excluded.language ELSE known.language END,
        referrer = CASE WHEN known.referrer IS NULL
            OR (excluded.referrer_at, excluded.referrer)
                < (coalesce(known.referrer_at, known.started_at), known.referrer)
            THEN excluded.referrer ELSE known.referrer END,
        language_at = least(known.language_at, excluded.language_at),
        referrer_at = least(known.referrer_at, excluded.referrer_at),
        network = coalesce(known.network, excluded.network),
        bot_reason = coalesce(known.bot_reason, excluded.bot_reason),
        latest_ms = greatest(known.latest_ms, excluded.latest_ms),
        status = CASE WHEN known.status IN ('ABANDONED', 'EXPIRED')
            AND excluded.last_seen_at > known.last_seen_at THEN 'ACTIVE' ELSE known.status END
    RETURNING 1
), choices AS (
    INSERT INTO session_choices AS known (
        session_id, category, option, n, time_ms, first_at, last_at, moves, came_from,
        became_at, became)
    SELECT session_id, category, option, count(*), coalesce(sum(time_spent_ms), 0),
        min(occurred_at), max(occurred_at),
        count(*) FILTER (WHERE option <> '' AND option <> previous),
        (array_agg(previous ORDER BY occurred_at, previous COLLATE "C")
            FILTER (WHERE option <> ''))[1],
        max(occurred_at) FILTER (WHERE became IS NOT NULL),
        (array_agg(became ORDER BY occurred_at DESC, became COLLATE "C" DESC)
            FILTER (WHERE became IS NOT NULL))[1]
    FROM inserted WHERE (SELECT count(*) FROM visits) >= 0
    GROUP BY session_id, category, option ORDER BY session_id, category, option
    ON CONFLICT (session_id, category, option) DO UPDATE SET
        n = known.n + excluded.n, time_ms = known.time_ms + excluded.time_ms,
        first_at = least(known.first_at, excluded.first_at),
        last_at = greatest(known.last_at, excluded.last_at),
        moves = known.moves + excluded.moves,
        came_from = CASE WHEN (excluded.first_at, excluded.came_from COLLATE "C")
            < (known.first_at, known.came_from) THEN excluded.came_from ELSE known.came_from END,
        became_at = greatest(known.became_at, excluded.became_at),
        became = CASE WHEN known.became_at IS NULL
            OR (excluded.became_at, excluded.became COLLATE "C") > (known.became_at, known.became)
            THEN excluded.became ELSE known.became END
    RETURNING 1
), minutes AS (
    INSERT INTO activity_minutes AS known (minute, event_type, category, bot, n, time_ms)
    SELECT minute, event_type, category, bot, sum(n), sum(time_ms)
    FROM (
        SELECT date_trunc('minute', occurred_at) AS minute, event_type, category, bot, 1 AS n,
            coalesce(time_spent_ms, 0) AS time_ms FROM inserted
        UNION ALL SELECT * FROM turned_minutes
    ) AS counted WHERE (SELECT count(*) FROM choices) >= 0
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (minute, event_type, category, bot) DO UPDATE SET
        n = known.n + excluded.n, time_ms = known.time_ms + excluded.time_ms
    RETURNING 1
), ledger AS (
    INSERT INTO activity_ledger AS known (hour, outcome, reason, consumer, n)
    SELECT date_trunc('hour', received_at), 'stored', '', $1, count(*)
    FROM inserted WHERE (SELECT count(*) FROM minutes) >= 0
    GROUP BY 1 ORDER BY 1
    ON CONFLICT (hour, outcome, reason, consumer) DO UPDATE SET n = known.n + excluded.n
    RETURNING 1
)
SELECT (SELECT count(*) FROM inserted) + 0 * (SELECT count(*) FROM ledger)
"""

# The clock of Redis may have been ahead when it gave the id: no entry ended later than now.
_COUNT_ENDED: Final = """
, counted AS (
    INSERT INTO settled_entries (entry_ms, entry_seq)
    SELECT DISTINCT entry_ms, entry_seq FROM ended ORDER BY entry_ms, entry_seq
    ON CONFLICT DO NOTHING RETURNING entry_ms, entry_seq
)
INSERT INTO activity_ledger AS known (hour, outcome, reason, consumer, n)
SELECT date_trunc('hour', least(now(),
        timestamptz 'epoch' + interval '1 millisecond' * least(entry_ms, 253402300799999))),
    outcome, reason, $1, count(*)
FROM (SELECT DISTINCT ON (entry_ms, entry_seq) * FROM ended ORDER BY 1, 2) AS once
JOIN counted USING (entry_ms, entry_seq)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
ON CONFLICT (hour, outcome, reason, consumer) DO UPDATE SET n = known.n + excluded.n
"""

# A row with the id of this very entry was stored by it: the entry was delivered twice, so it is not
# a repeat.
SETTLE_REPEATS: Final = f"""
WITH placed AS ({_PLACED}), ended AS (
    SELECT entry_ms, entry_seq, 'duplicate' AS outcome, '' AS reason
    FROM placed CROSS JOIN LATERAL (
        SELECT stream_id FROM interactions  -- OFFSET 0: one look-up by key each, never a scan
        WHERE session_id = placed.session_id AND event_id = placed.key OFFSET 0
    ) AS kept
    WHERE kept.stream_id <> placed.stream_id
    UNION ALL
    SELECT entry_ms, entry_seq, 'filtered', 'erased' FROM incoming_interactions AS incoming
    WHERE EXISTS (SELECT FROM erased_sessions WHERE session_id = incoming.session_id)
){_COUNT_ENDED}"""

SETTLE: Final = f"""
WITH ended AS (
    SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[])
        AS given (entry_ms, entry_seq, outcome, reason)
){_COUNT_ENDED}"""

WATERMARK: Final = """
INSERT INTO stream_watermark AS known (consumer, stream_ms, stream_seq, stored_at)
VALUES ($1, $2, $3, now())
ON CONFLICT (consumer) DO UPDATE
SET stream_ms = excluded.stream_ms, stream_seq = excluded.stream_seq, stored_at = now()
WHERE (known.stream_ms, known.stream_seq) < (excluded.stream_ms, excluded.stream_seq)
"""
