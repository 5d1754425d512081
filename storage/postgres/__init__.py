"""PostgreSQL: one public method is one transaction.

Imports go downwards in this list.

    analytics/               figures of a range, read only
    people/                  people, admins, roles and links, data of a person
    configurations/          configurations with their op log, catalogues, inquiries
    activity/                interactions: stored once, counted, searched
    service/                 jobs, the audit, backups
    deployment               the identity of this data set: its epoch
    clock, pooler, standbys  PostgreSQL's time; checks of a pooler and of standbys
    engine                   one pool, deadlines, errors that say what to do
    schema/                  tables, migrations, rights of logins
    look                     one connection, for a few queries of a command
    connecting               connects to one of several hosts
    failures                 the meaning of each SQLSTATE

Imported by: `app`, `realtime`, `storage.migrations`, `storage.redis`, `ui`, `workers`.
"""
