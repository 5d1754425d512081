"""Figures about visitors: every figure of a range is about the sessions that began in it.

Therefore figures add up: the sessions, completed sessions and values of `kpis`, `series`,
`breakdown`, `catalogues`, `funnel` and `sessions` are about the same sessions. Interactions are
counted by the time at which they happened. Values are integer cents. Shapes here are the shapes of
the API.

    cohort            the sessions of a range as a piece of SQL
    figures           numbers of sessions and their values, over time and by part
    behaviour, paths  funnel, steps and options; the order of choices
    houses            final houses, and the distribution of prices
    signals           the page's speed, refusals and errors
    happened          interactions per period
    visits, visit     lists of sessions, and people who came back; one session
    history           a house at an earlier version
    links, schedules  links to shared dashboards; schedules of files

Imported by: `app`, `realtime`, `ui`.
"""
