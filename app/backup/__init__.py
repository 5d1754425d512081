"""Backups: the file, restoring it, upgrading data of an older PostgreSQL.

    making            writes the backup: all data in PostgreSQL, as of one moment
    restoring         replaces the contents of a database by a backup, in one transaction
    upgrade           upgrades data of another major version of the embedded PostgreSQL, by dump and
                      restore
    file              the backup file: a tar with dump, manifest and checksums
    database_at_rest  the database for a command: configured, running, or started for it
    errors            the errors of these commands, each one sentence that says what to do

Imported by: `app.commands`.
"""
