"""The one definition of a choice, used for session status, funnels, paths, options and the live view.

A session made a choice when a selection of an option other than 'none' (left out again) was stored
for it. Looking at a view, hovering over a card, an adjustment by a rule, an undo and a join are not
choices. `session_choices` counts selections by option, and everything else under ''.

A program that reports no interactions leaves its choices in the op log only. For a session without
interactions, the ops of its person in its house therefore count, from its start to its end, as if
they had been reported. Once one interaction of it is stored, only reported interactions count.

An op counts for one session only. A person with two tabs has two sessions in the same house at the
same time: if one of them reports interactions, it reports the op, too; if none does, the op belongs
to the session that began first.
"""

from typing import Final

NOT_CHOSEN: Final = "('', 'none')"
"""Options in `session_choices` that are not choices: '' was only looked at, 'none' was left out."""

_OPS_OF: Final = """
    interaction_count = 0 AND operations.configuration_id = sessions.configuration_id
    AND operations.person_id = sessions.person_id AND version IS NOT NULL
    AND committed_at >= sessions.started_at
    AND (sessions.status = 'ACTIVE' OR committed_at <= sessions.last_seen_at)
    AND NOT EXISTS (SELECT FROM sessions AS other
        WHERE other.person_id = sessions.person_id
            AND other.configuration_id = sessions.configuration_id
            AND committed_at >= other.started_at
            AND CASE WHEN other.interaction_count > 0
                THEN committed_at <= other.last_seen_at + interval '1 minute'
                ELSE (other.status = 'ACTIVE' OR committed_at <= other.last_seen_at)
                    AND (other.started_at, other.id) < (sessions.started_at, sessions.id) END)"""
"""The ops that count for a row of `sessions` without interactions, and for no other row. A reported
click is as old as its browser says, so its op may be committed some seconds later."""

_LOGGED: Final = f"""
    SELECT committed_at AS at, change->>'category' AS category, change->>'cause' = 'asked'
            AND coalesce(operation->>'kind', '') NOT IN ('undo', 'redo') AS own,
        coalesce(change->'after'->>'option', 'none') AS became,
        coalesce(change->'before'->>'option', 'none') AS previous
    FROM operations CROSS JOIN LATERAL unnest(ARRAY(SELECT jsonb_array_elements(changes))) AS change
    WHERE {_OPS_OF}"""
"""The changes of such a row in its house, in the form of reported interactions. An array is used
because PostgreSQL expects ten elements of it, but a hundred of a set of JSON, and would then plan for
millions of rows."""

LAST_OP: Final = """(
    SELECT committed_at FROM operations
    WHERE operations.configuration_id = sessions.configuration_id
        AND operations.person_id = sessions.person_id AND version IS NOT NULL
        AND committed_at >= sessions.started_at
    ORDER BY version DESC LIMIT 1)"""
"""The time of the last change of its house by the person of a row of `sessions`, in the session."""

CHOSE: Final = f"""(
    EXISTS (SELECT FROM session_choices
        WHERE session_id = sessions.id AND option NOT IN {NOT_CHOSEN})
    OR EXISTS (SELECT FROM ({_LOGGED}) AS logged WHERE own AND became <> 'none'))"""
"""The condition that a row of `sessions` made a choice."""


def choices(sessions: str, *, since: str) -> str:
    """The rows of `session_choices` for the matching sessions, and the rows from the log in their place.

    `sessions` is a condition on rows of that table; `since` is a time before which none of them
    began: no choice is older than its session, so the index on `first_at` skips older rows. Each
    row also has the session's `status` and `completed_at`.
    """
    # OFFSET 0: one index lookup per session without interactions, never a scan of the log.
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
    )"""
