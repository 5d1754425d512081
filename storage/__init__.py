"""Storage: PostgreSQL is the truth, Redis carries hints and queues. It imports only `configurator`.

    postgres/configurations/  configurations with their op log, catalogues, inquiries; commit/
                              writes ops
    postgres/people/          people, admins, roles and links, all data that belongs to a person
    postgres/activity/        interactions: stored once, counted, searched
    postgres/analytics/       figures of a range, read only
    postgres/service/         jobs, the audit, backups
    postgres/schema/          tables, migrations, rights of logins
    redis/activity/           the stream of interactions, its consumers, dead letters
    redis/bus/                hints between processes
    migrations/               one file for each step of the schema
    errors                    the errors of storage, by who has to act
    outage                    the log, counts and waits of a loop while a store is away
    backoff, deadline         delays between tries; deadlines of calls
    reach, tls                why a store could not be reached; errors of TLS
    tasks                     tasks that live as long as their owner

Imported by: `app`, `realtime`, `ui`, `workers`.
"""
