"""The platform's schema for tests, as a service start would make it."""

from pathlib import Path

import iotistic
from iotistic.config import Endpoint
from iotistic.database.pool import connect

__all__ = ["migrate"]


async def migrate(endpoint: Endpoint, database: str) -> None:
    """Applies every platform migration (until the runner is usable here: file by file)."""
    folder = Path(iotistic.__file__).parent / "migrations" / "sql" / "platform"
    connection = await connect(endpoint, database, application_name="test", autocommit=True)
    try:
        for path in [*sorted(folder.glob("[0-9]*.sql")), *sorted(folder.glob("R__*.sql"))]:
            async with connection.transaction():
                await connection.execute(path.read_text())
    finally:
        await connection.close()
