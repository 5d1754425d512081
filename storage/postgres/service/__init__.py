"""Running the service: jobs, the audit, backups.

    jobs         runs of jobs, and the lock of the leading worker
    audit        one line for each action of an admin
    audit_chain  signatures that reveal changed lines
    backups      facts about a backup, and the SQL around a restore

Imported by: `app`, `realtime`, `storage.postgres.analytics`, `storage.postgres.people`,
`storage.redis`, `workers`.
"""
