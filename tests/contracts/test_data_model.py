"""The page about the data model is what the migrated database is."""

from pathlib import Path

from psycopg import AsyncConnection

from tests.support.data_model import page, read_tables

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "data-model.md"


async def test_the_page_shows_the_schema(owner_connection: AsyncConnection) -> None:
    assert PAGE.read_text() == page(*await read_tables(owner_connection)), (
        "run `make docs`, look at the change, commit it"
    )


async def test_every_line_has_two_ends(owner_connection: AsyncConnection) -> None:
    tables, _ = await read_tables(owner_connection)
    names = {table.name for table in tables}
    assert {target for table in tables for target in table.references} <= names
