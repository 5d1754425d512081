"""Migrations of the schema with Alembic, run by `storage.postgres.schema`; docs/migrations.md has the rules.

    env        runs migrations on a connection that is passed in
    versions/  the migrations, one file each

Imported by: Alembic, by its path.
"""
