"""DuckDB's side: makes Parquet files of CSV, adds up what they hold, and answers queries on them."""

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, LiteralString, final

from psycopg import sql

from iotistic.operations.archive.columns import travel
from iotistic.operations.archive.errors import ArchiveSupportMissing, QueryRefused
from iotistic.operations.archive.model import Check, Column

__all__ = ["Answer", "DuckDb", "checks_of"]

_ROWS_AT_ONCE = 1000


@final
class Answer:
    """The rows of a query, read as they are asked for."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - DuckDB is an optional package
        self._connection = connection
        self.columns: list[str] = [entry[0] for entry in connection.description or ()]

    def rows(self) -> Iterable[tuple[Any, ...]]:
        """One after the other."""
        while rows := self._connection.fetchmany(_ROWS_AT_ONCE):
            yield from rows


@final
class DuckDb:
    """A database in memory. `workplace` is where it may spill to."""

    def __init__(self, workplace: Path, *, memory: str = "512MB", threads: int = 1) -> None:
        try:
            self._duckdb: Any = import_module("duckdb")
        except ImportError as error:
            raise ArchiveSupportMissing.now() from error
        self._connection: Any = self._duckdb.connect(
            ":memory:", config={"memory_limit": memory, "threads": threads, "temp_directory": str(workplace)}
        )
        self._connection.execute("SET TimeZone = 'UTC'")

    def close(self) -> None:
        self._connection.close()

    def write(self, csv: Path, target: Path, columns: Sequence[Column]) -> None:
        """Makes a Parquet file of the CSV."""
        restored = [
            sql.SQL("{} AS {}").format(_of(travel(column.type).restored, column), sql.Identifier(column.name))
            for column in columns
        ]
        types = [sql.SQL("{}: 'VARCHAR'").format(sql.Literal(column.name)) for column in columns]
        self._run(
            _WRITE,
            restored=_listed(restored),
            csv=sql.Literal(str(csv)),
            types=_listed(types),
            target=sql.Literal(str(target)),
        )

    def write_rest(self, whole: Path, others: Sequence[Path], target: Path, columns: Sequence[Column]) -> int:
        """Makes a Parquet file of the rows of `whole` that the others have not; answers how many those are."""
        self._run(
            _WRITE_REST,
            columns=_listed([sql.Identifier(column.name) for column in columns]),
            whole=_files([whole]),
            others=_files(others),
            target=sql.Literal(str(target)),
        )
        return self.count([target])

    def count(self, files: Sequence[Path]) -> int:
        """How many rows these files have."""
        row = self._run("SELECT count(*) FROM read_parquet([{files}])", files=_files(files)).fetchone()
        return int(row[0])

    def checks(self, file: Path, columns: Sequence[Column]) -> dict[str, Check]:
        """What the columns of a file add up to."""
        parts = [_of(template, column) for column in columns for template in travel(column.type).duckdb_side]
        found = self._run(
            "SELECT {parts} FROM read_parquet([{files}])", parts=_listed(parts), files=_files([file])
        )
        return checks_of([column.name for column in columns], found.fetchone())

    def query(self, text: str, files: Mapping[str, Sequence[Path]], root: Path) -> Answer:
        """Answers one query on views named like the tables. It can read the archive, and nothing else of this machine.

        Raises QueryRefused with DuckDB's own words.
        """
        for table, paths in files.items():
            self._run(_VIEW, table=sql.Identifier(table), files=_files(paths))
        self._run("SET allowed_directories = [{root}]", root=sql.Literal(str(root)))
        self._run("SET enable_external_access = false")
        self._run("SET lock_configuration = true")
        try:
            statements = self._connection.extract_statements(text)
            if len(statements) != 1 or str(statements[0].type).rpartition(".")[2] not in {
                "SELECT",
                "EXPLAIN",
            }:
                raise QueryRefused("The archive answers one SELECT at a time, and is changed by none.")
            self._connection.execute(statements[0])
        except self._duckdb.Error as error:
            raise QueryRefused(f"DuckDB: {error}") from error
        return Answer(self._connection)

    def _run(self, text: LiteralString, **names: sql.Composable) -> Any:  # noqa: ANN401 - see above
        return self._connection.execute(sql.SQL(text).format(**names).as_string())


_WRITE: LiteralString = """
    COPY (
      SELECT {restored}
      FROM read_csv(
        {csv}, columns = {{ {types} }}, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"',
        nullstr = '\\N', allow_quoted_nulls = false, parallel = false, max_line_size = 67108864
      )
    ) TO {target} (FORMAT parquet, COMPRESSION zstd)
"""
_WRITE_REST: LiteralString = """
    COPY (
      SELECT {columns} FROM read_parquet([{whole}]) EXCEPT SELECT {columns} FROM read_parquet([{others}])
    ) TO {target} (FORMAT parquet, COMPRESSION zstd)
"""
_VIEW: LiteralString = "CREATE VIEW {table} AS SELECT * FROM read_parquet([{files}], union_by_name = true)"


def checks_of(names: Sequence[str], row: Sequence[Any]) -> dict[str, Check]:
    """Four numbers a column, in order."""
    return {
        name: Check(
            values=int(row[4 * i]),
            total=int(row[4 * i + 1]),
            sum=float(row[4 * i + 2]),
            sizes=float(row[4 * i + 3]),
        )
        for i, name in enumerate(names)
    }


def _of(template: LiteralString, column: Column) -> sql.Composed:
    return sql.SQL(template).format(c=sql.Identifier(column.name))


def _listed(parts: Sequence[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)


def _files(paths: Sequence[Path]) -> sql.Composed:
    return _listed([sql.Literal(str(path)) for path in paths])
