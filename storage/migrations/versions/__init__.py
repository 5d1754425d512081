"""The migrations, one file each; the name begins with its number, in the order in which they run.

Imported by: Alembic, by its path.
"""
