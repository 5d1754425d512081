"""The HTTP API, with one module for each noun of its addresses.

    configurations   create, read, edit and inquire, with the actions of every socket
    catalogue        read the catalogue, price a selection, draw a house
    people, sharing  the person who asks; invitations and people with a role
    tickets          one ticket for one connection
    tracking         the intake of interactions
    activity         interactions of a session, and the overview, as in the original API
    original         answers in the words of the original API
    admin_sessions   admins sign in, sign out, list and end sessions
    analytics/       figures, sessions, replay, dashboards, schedules
    service/         running the service: dead letters, jobs, health, metrics
    declared/        declarations of endpoints, from which routes and OpenAPI are made

Imported by: `app`, `ui`.
"""
