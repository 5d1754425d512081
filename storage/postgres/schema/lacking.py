"""Finds the rights that a kind of process needs but its login does not have."""

from typing import Final

from storage.postgres.look import one_look
from storage.postgres.schema.roles import FUNCTIONS, RIGHTS, WORKER, rights_of

_ON_TABLES: Final = """
SELECT kind || ' on ' || coalesce(named || '.' || nullif(field, ''), named)
FROM unnest($1::text[], $2::text[], $3::text[]) AS needed (named, field, kind)
CROSS JOIN LATERAL (SELECT to_regclass(named)::oid AS id) AS known
WHERE id IS NOT NULL AND CASE
    WHEN field = '' THEN NOT has_table_privilege(id, kind)
    WHEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = id AND attname = field)
        THEN NOT has_column_privilege(id, field, kind)
    ELSE false END
ORDER BY 1
"""
_ON_FUNCTIONS: Final = """
SELECT 'EXECUTE on ' || named FROM unnest($1::text[]) AS needed (named)
WHERE to_regprocedure(named) IS NOT NULL
    AND NOT has_function_privilege(to_regprocedure(named)::oid, 'EXECUTE')
ORDER BY 1
"""
_TEMPORARY: Final = "SELECT has_database_privilege(current_database(), 'TEMPORARY')"


async def lacking_rights(database_url: str, role: str) -> tuple[str, ...]:
    """The rights that processes of `role` need and this login lacks, like `INSERT on people`.

    Tables that the schema does not have yet are left out. Raises StorageError.
    """
    needed = [(table, *right) for table in RIGHTS for right in rights_of(table, role)]
    functions = [name for name, of_role in FUNCTIONS.items() if of_role == role]
    async with one_look(database_url) as connection:
        found = await connection.fetch(_ON_TABLES, *map(list, zip(*needed, strict=True)))
        found += await connection.fetch(_ON_FUNCTIONS, functions)
        temporary = role != WORKER or await connection.fetchval(_TEMPORARY)
    lacking = tuple(str(row[0]) for row in found)
    return lacking if temporary else (*lacking, "TEMPORARY on the database")
