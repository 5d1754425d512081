"""Live configurations, and everything that people and programs may ask a web process for.

Imports go downwards in this list; `transports` and `api` know nothing of each other, and neither do
`activity` and `rooms`. `workers` import only `activity`.

    transports/                  WebSocket, Socket.IO, in process: how messages travel
    api/                         the HTTP API, one module a noun
    edge/                        where HTTP ends: bodies in, refusals out
    connections/                 one peer, whatever its transport
    actions/                     authorise, compute, commit, tell: the service layer
    rooms/                       open configurations: order, members, fan-out
    activity/                    interactions: intake, live view, figures, dead letters
    process/                     this web process: clock, readiness, health, news
    people/                      people and staff who ask: tokens, cookies, sessions, roles
    limits/, delivery/, sheets/  token buckets; messages on their way to a peer; tables as files

Imported by: `app`, `ui`, `workers`.
"""
