"""The schema: tables, migrations, and the rights of each login role.

    tables     the tables for SQLAlchemy Core
    migrate    brings a database to the newest schema, beside running processes
    revisions  the newest migration, from file names
    range      the schemas that this code works with
    roles      the rights of each kind of process
    lacking    rights that a login does not have

Imported by: `app`, `realtime.process`, `storage.migrations`, `storage.postgres`.
"""
