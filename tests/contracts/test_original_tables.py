"""The page that leads from the original's tables to ours names only what is there, and passes over none of ours that has its name."""

import re
from pathlib import Path

from psycopg import AsyncConnection

PAGE = Path(__file__).parents[2] / "docs" / "original-tables.md"
ROWS = re.findall(r"^\| (`.+|[a-z].+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
RELATIONS = """
SELECT c.relname::text FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
"""


def names(cell: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+)`", cell))


async def relations(connection: AsyncConnection) -> set[str]:
    return {name for (name,) in await (await connection.execute(RELATIONS)).fetchall()}


async def test_what_is_named_as_ours_is_there(owner_connection: AsyncConnection) -> None:
    told = {name for _, ours in ROWS for name in names(ours)}
    assert len(ROWS) > 35
    assert told - await relations(owner_connection) == set()


async def test_a_table_of_the_same_name_stands_beside_its_own(owner_connection: AsyncConnection) -> None:
    here = await relations(owner_connection)
    theirs = {name: names(ours) for their, ours in ROWS for name in names(their)}
    # job_executions there is a job here; the shadow has its own line of three.
    lost = {name for name, ours in theirs.items() if name in here and name not in ours}
    assert lost == {"job_executions"}
