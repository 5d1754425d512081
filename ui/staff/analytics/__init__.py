"""The analytics of admins: figures of a range by tab, single sessions with their replay, sharing.

    page                   the permission that it needs, and its HTML
    open_analytics         the page in one tab: the query, and the part that is shown
    asked                  the query of the address
    range_form             range, comparison, time zone, bots
    figures_tab            a part with figures, their files and controls
    funnel_steps           the steps of the funnel, which somebody can change
    sessions, search_form  lists of sessions; the form that searches them
    player                 a session step by step
    sharing                dashboards and files, to share figures
    links, schedules       dashboards by link; files at fixed times

Imported by: `ui.app`.
"""
