"""Whether a server can tell what changed since a base backup."""

from iotistic.database.pool import Connection
from iotistic.operations.physical.errors import IncrementImpossible

__all__ = ["FIRST_WITH_SUMMARIES", "require_summaries"]

FIRST_WITH_SUMMARIES = 17


async def require_summaries(connection: Connection) -> None:
    """Raises IncrementImpossible."""
    major = connection.info.server_version // 10_000
    if major < FIRST_WITH_SUMMARIES:
        raise IncrementImpossible(
            f"PostgreSQL {major} takes no incremental base backups; {FIRST_WITH_SUMMARIES} is the first that does.",
            hint="Take a complete one: `iotistic backup create --physical`.",
        )
    cursor = await connection.execute("SELECT current_setting('summarize_wal')")
    row = await cursor.fetchone()
    if row is None or row[0] != "on":
        raise IncrementImpossible(
            "The server does not remember what changes: summarize_wal is off.",
            hint="`iotistic backup archiving on` switches it on; take a complete base backup after that.",
        )
