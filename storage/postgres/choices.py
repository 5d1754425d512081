"""What counts as a choice: said once, for the status of sessions, funnels, ways, options, live view.

A session chose something when a selection of an option was stored of it, other than 'none' (left
out again). To look at a view, to rest on a card, what a rule adjusted, to take back, to come in: none of
them is a choice. `session_choices` counts selections by option, and everything else under ''.
"""

from typing import Final

NOT_CHOSEN: Final = "('', 'none')"
"""Options in `session_choices` that are no choice: only looked at, and left out again."""

# Programs that edit without telling interactions leave their choices in the log alone.
CHOSE: Final = f"""(
    EXISTS (SELECT FROM session_choices
        WHERE session_id = sessions.id AND option NOT IN {NOT_CHOSEN})
    OR EXISTS (SELECT FROM operations
        WHERE operations.configuration_id = sessions.configuration_id
            AND operations.person_id = sessions.person_id
            AND version IS NOT NULL AND committed_at >= sessions.started_at
            AND changes @? '$[*] ? (@.cause == "asked" && @.after.option != "none")'))"""  # noqa: S608
"""The condition that a row of `sessions` chose something, or its person did in its house since."""
