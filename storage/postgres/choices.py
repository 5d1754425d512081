"""What counts as a choice: said once, for the status of sessions, funnels, ways, options, live view.

A session chose something when a selection of an option was stored of it, other than 'none' (left
out again). To look at a view, to rest on a card, what a rule adjusted, to take back, to come in: none of
them is a choice. `session_choices` counts selections by option, and everything else under ''.

A program that tells no interactions at all leaves its choices in the log alone: of a session without
interactions the ops of its person in its house count, from its beginning until it ended, as if they
had been told. As soon as one interaction is stored of it, what is told counts and nothing else.
"""

from typing import Final

NOT_CHOSEN: Final = "('', 'none')"
"""Options in `session_choices` that are no choice: only looked at, and left out again."""

_OPS_OF: Final = """
    interaction_count = 0 AND operations.configuration_id = sessions.configuration_id
    AND operations.person_id = sessions.person_id AND version IS NOT NULL
    AND committed_at >= sessions.started_at
    AND (sessions.status = 'ACTIVE' OR committed_at <= sessions.last_seen_at)"""
"""The ops that a row of `sessions` without interactions stands for."""

_LOGGED: Final = f"""
    SELECT committed_at AS at, change->>'category' AS category, change->>'cause' = 'asked'
            AND coalesce(operation->>'kind', '') NOT IN ('undo', 'redo') AS own,
        coalesce(change->'after'->>'option', 'none') AS became,
        coalesce(change->'before'->>'option', 'none') AS previous
    FROM operations CROSS JOIN LATERAL unnest(ARRAY(SELECT jsonb_array_elements(changes))) AS change
    WHERE {_OPS_OF}"""  # noqa: S608 - constants
"""What such a row changed in its house, as it would have been told. Of an array PostgreSQL expects
ten elements, of a set of JSON a hundred, which would make it plan for millions of rows."""

LAST_OP: Final = """(
    SELECT committed_at FROM operations
    WHERE operations.configuration_id = sessions.configuration_id
        AND operations.person_id = sessions.person_id AND version IS NOT NULL
        AND committed_at >= sessions.started_at
    ORDER BY version DESC LIMIT 1)"""
"""When the person of a row of `sessions` changed its house last since it began."""

CHOSE: Final = f"""(
    EXISTS (SELECT FROM session_choices
        WHERE session_id = sessions.id AND option NOT IN {NOT_CHOSEN})
    OR EXISTS (SELECT FROM ({_LOGGED}) AS logged WHERE own AND became <> 'none'))"""  # noqa: S608
"""The condition that a row of `sessions` chose something."""


def choices(sessions: str, *, since: str) -> str:
    """The rows of `session_choices`, and those that the log has instead, of all such `sessions`.

    `sessions` is a condition on rows of that table, `since` a time that none of them began before:
    nothing is chosen before its session, and the index on `first_at` leaves out what is older. Has
    `status` and `completed_at` of the session beside each row.
    """
    # OFFSET 0: a look at one house for each session without interactions, never a scan of the log.
    return f"""(
        SELECT session_id, category, option, n, time_ms, first_at, last_at, moves, came_from,
            became_at, became, sessions.status, sessions.completed_at
        FROM sessions JOIN session_choices ON session_id = sessions.id AND first_at >= {since}
        WHERE {sessions}
        UNION ALL
        SELECT sessions.id, counted.*, sessions.status, sessions.completed_at
        FROM sessions CROSS JOIN LATERAL (
            SELECT category, CASE WHEN own THEN became ELSE '' END AS option, count(*), 0,
                min(at), max(at), count(*) FILTER (WHERE own AND became <> previous),
                (array_agg(previous ORDER BY at, previous COLLATE "C") FILTER (WHERE own))[1],
                max(at) FILTER (WHERE NOT own),
                (array_agg(became ORDER BY at DESC, became COLLATE "C" DESC)
                    FILTER (WHERE NOT own))[1]
            FROM ({_LOGGED}) AS logged GROUP BY 1, 2 OFFSET 0
        ) AS counted
        WHERE interaction_count = 0 AND {sessions}
    )"""  # noqa: S608 - constants and conditions of ours
