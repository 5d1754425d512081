"""One web process: its clock, readiness, health, and news for the other processes.

    clock      the clock of a process, compared with PostgreSQL's
    readiness  whether this process may get traffic
    health     counts that a process keeps about itself
    report     the report of a process: rooms write it, the live view adds it up
    news       one process learns something and tells all over the bus

Imported by: `app`, `realtime.actions`, `realtime.activity` (only the reports), `realtime.api`,
`realtime.rooms`.
"""
