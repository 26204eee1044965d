"""What a database has beside what is in it: who may connect, and the settings its sessions begin with."""

import re
from typing import LiteralString

from psycopg import sql

from iotistic.database.errors import translated
from iotistic.database.pool import Connection
from iotistic.operations.backups.model import Manifest

__all__ = ["give_properties"]

_LISTS = {"search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries"}
_NAMES = re.compile(r'"(?:[^"]|"")*"|[^",\s]+')


async def give_properties(connection: Connection, database: str, manifest: Manifest) -> None:
    """Makes rights and settings of the database those of the one that was dumped; pg_dump leaves them out."""
    with translated():
        await connection.execute(
            sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database))
        )
        for grant in manifest.grants:
            await connection.execute(
                sql.SQL("GRANT {} ON DATABASE {} TO {}").format(
                    sql.SQL(_privilege(grant.privilege)),
                    sql.Identifier(database),
                    sql.SQL("PUBLIC") if grant.role == "PUBLIC" else sql.Identifier(grant.role),
                )
            )
        for setting in manifest.settings:
            await connection.execute(_setting(database, setting.role, setting.name, setting.value))


def _privilege(word: str) -> LiteralString:
    known: dict[str, LiteralString] = {"CONNECT": "CONNECT", "CREATE": "CREATE", "TEMPORARY": "TEMPORARY"}
    return known[word]


def _setting(database: str, role: str | None, name: str, value: str) -> sql.Composed:
    target = (
        sql.SQL("ALTER DATABASE {}").format(sql.Identifier(database))
        if role is None
        else sql.SQL("ALTER ROLE {} IN DATABASE {}").format(sql.Identifier(role), sql.Identifier(database))
    )
    # The server keeps these as lists of names, quoted where they have to be; as one text they would be one name.
    parts = _NAMES.findall(value) if name in _LISTS else [value]
    values = sql.SQL(", ").join(sql.Literal(part.strip('"').replace('""', '"')) for part in parts)
    return sql.SQL("{} SET {} = {}").format(target, sql.Identifier(*name.split(".")), values)
