"""Real PostgreSQL and Valkey from wheels, for a machine where neither is installed.

    servers         starts and stops both servers, with their data under NEST_HOME
    postgres_tools  runs the programs of PostgreSQL (`pg_dump` and others) on any database
    append_only     repairs the append-only file of Valkey, so that it starts

Imported by: `app.backup`, `app.commands`, `app.doctor`, `app.supervisor`.
"""
