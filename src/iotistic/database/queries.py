"""Named SQL: a package's `queries.sql` as a mapping from name to text, and a way to run it that speaks in models.

A file is a sequence of

    -- name: find_device
    -- Why this query exists, in a line.
    SELECT ...;

The text is trusted because it ships with the code: values reach it only as parameters.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib import resources
from typing import Any, LiteralString, TypeVar, cast, final

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import class_row, scalar_row, tuple_row
from psycopg.types.array import ListBinaryDumper

from iotistic.database.errors import ConstraintErrors, translated

__all__ = ["Queries", "Statements", "parse"]

T = TypeVar("T")

_HEADER = re.compile(r"^-- name: (?P<name>[a-z][a-z0-9_]*)[ \t]*$", re.MULTILINE)


def parse(text: str, *, source: str = "queries.sql") -> dict[str, LiteralString]:
    """Name -> statement, in file order. Raises ValueError on text outside a query, a repeated name or an empty query."""
    headers = list(_HEADER.finditer(text))
    before = text[: headers[0].start()] if headers else text
    if any(line.strip() and not line.startswith("--") for line in before.splitlines()):
        raise ValueError(f"{source}: SQL before the first '-- name:' line")
    found: dict[
        str, Any
    ] = {}  # the texts are literal because they ship with the code; no checker can see that
    for header, following in zip(headers, [*headers[1:], None], strict=True):
        name = header["name"]
        body = text[header.end() : following.start() if following else len(text)].strip().removesuffix(";")
        if name in found:
            raise ValueError(f"{source}: two queries are named {name}")
        if not any(line.strip() and not line.startswith("--") for line in body.splitlines()):
            raise ValueError(f"{source}: query {name} has no statement")
        found[name] = body
    return found


@final
class Queries(Mapping[str, LiteralString]):
    """The named queries of one package, read from its file on first use."""

    def __init__(self, package: str, file: str = "queries.sql") -> None:
        self.package = package
        self.file = file

    @cached_property
    def _texts(self) -> dict[str, LiteralString]:
        source = f"{self.package}/{self.file}"
        return parse(
            resources.files(self.package).joinpath(self.file).read_text(encoding="utf-8"), source=source
        )

    def __getitem__(self, name: str) -> LiteralString:
        try:
            return self._texts[name]
        except KeyError:
            raise KeyError(f"{self.package}/{self.file} has no query named {name}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


@final
class Statements:
    """The named queries of one package on one connection.

    Rows come back as models (by column name), driver errors as ours: a violated constraint named in `constraints` becomes
    the error given for it, everything else is translated by SQLSTATE (`iotistic.database.errors`). `binary`: rows come and lists
    go in PostgreSQL's binary form, which is cheaper for many numbers, times and uuids: to read 1,000 of these as text costs it 1 ms.
    """

    def __init__(
        self,
        connection: AsyncConnection[Any],
        queries: Queries,
        constraints: ConstraintErrors | None = None,
        *,
        binary: bool = False,
    ) -> None:
        self.connection = connection
        self._binary = binary
        self._queries = queries
        self._constraints: ConstraintErrors = constraints or {}

    async def one(self, name: str, model: Callable[..., T], /, **parameters: object) -> T | None:
        """The first row as `model`, or None."""
        with translated(self._constraints):
            async with self.connection.cursor(
                row_factory=class_row(cast("type[T]", model)), binary=self._binary
            ) as cursor:
                await cursor.execute(self._queries[name], parameters)
                return await cursor.fetchone()

    async def many(self, name: str, model: Callable[..., T], /, **parameters: object) -> list[T]:
        """All rows as `model`, in the query's order."""
        with translated(self._constraints):
            async with self.connection.cursor(
                row_factory=class_row(cast("type[T]", model)), binary=self._binary
            ) as cursor:
                self._adapt(cursor)
                await cursor.execute(self._queries[name], parameters)
                return await cursor.fetchall()

    async def value(self, name: str, /, **parameters: object) -> Any:  # noqa: ANN401 - one column of any type
        """The first column of the first row, or None."""
        with translated(self._constraints):
            async with self.connection.cursor(row_factory=scalar_row) as cursor:
                await cursor.execute(self._queries[name], parameters)
                return await cursor.fetchone()

    async def rows(self, name: str, /, **parameters: object) -> list[tuple[Any, ...]]:
        """All rows as tuples, for results that are no model of their own."""
        with translated(self._constraints):
            async with self.connection.cursor(row_factory=tuple_row, binary=self._binary) as cursor:
                self._adapt(cursor)
                await cursor.execute(self._queries[name], parameters)
                return await cursor.fetchall()

    async def run(self, name: str, /, **parameters: object) -> int:
        """Executes and answers how many rows it touched."""
        with translated(self._constraints):
            async with self.connection.cursor() as cursor:
                await cursor.execute(self._queries[name], parameters)
                return cursor.rowcount

    async def run_many(self, name: str, parameters: Sequence[Mapping[str, object]], /) -> int:
        """Executes once per parameter set in one pipeline, and answers how many rows that touched in all."""
        with translated(self._constraints):
            async with self.connection.cursor() as cursor:
                await cursor.executemany(self._queries[name], parameters)
                return cursor.rowcount

    def _adapt(self, cursor: AsyncCursor[Any]) -> None:
        if self._binary:
            cursor.adapters.register_dumper(list, ListBinaryDumper)
