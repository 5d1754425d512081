"""Analytics over HTTP: figures of a range, single sessions, replay, shared dashboards, schedules.

    endpoints  figures, lists of sessions, single sessions
    replay     the log of a session's house and its interactions, in pages
    links      shared dashboards
    schedules  scheduled files: make, end, list, download

Imported by: `app.parts`, `ui.staff`.
"""
