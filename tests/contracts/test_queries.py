"""Every named query is proved on the migrated schema: it prepares, its columns are the model's fields, and somebody runs it."""

import ast
import dataclasses
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg import AsyncConnection
from psycopg.pq import ExecStatus

import iotistic
from iotistic.database.queries import Queries
from tests.support.query_plans import PACKAGES, positional

SOURCE = Path(iotistic.__file__).parent
RUNNERS = {"one", "many", "value", "rows", "run", "run_many"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One place that runs a named query."""

    package: str
    query: str
    method: str
    model: type | None
    where: str


def calls(package: str) -> Iterator[Call]:
    folder = SOURCE.joinpath(*package.split(".")[1:])
    for path in sorted(folder.glob("*.py")):
        module = f"{package}.{path.stem}" if path.stem != "__init__" else package
        for node in ast.walk(ast.parse(path.read_text())):
            if not (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in RUNNERS
            ):
                continue
            owner = node.func.value
            if not (isinstance(owner, ast.Attribute) and owner.attr == "_sql") or not node.args:
                continue
            name = node.args[0]
            assert isinstance(name, ast.Constant), f"{path}:{node.lineno}: the name of a query is written out"
            model = None
            if node.func.attr in {"one", "many"}:
                model = getattr(importlib.import_module(module), ast.unparse(node.args[1]), None)
            yield Call(
                package=package,
                query=name.value,
                method=node.func.attr,
                model=model,
                where=f"{path.name}:{node.lineno}",
            )


QUERIES = [(package, name) for package in PACKAGES for name in Queries(package)]
CALLS = [call for package in PACKAGES for call in calls(package)]


async def columns(connection: AsyncConnection, text: str) -> list[str]:
    statement = b"contract"
    prepared = connection.pgconn.prepare(statement, positional(text).encode())
    assert prepared.status == ExecStatus.COMMAND_OK, prepared.error_message.decode()
    described = connection.pgconn.describe_prepared(statement)
    names = [(described.fname(index) or b"").decode() for index in range(described.nfields)]
    connection.pgconn.exec_(b"DEALLOCATE contract")
    return names


@pytest.mark.parametrize(("package", "name"), QUERIES, ids=[f"{package}:{name}" for package, name in QUERIES])
async def test_a_query_prepares_on_the_migrated_schema(
    owner_connection: AsyncConnection, package: str, name: str
) -> None:
    await owner_connection.execute("SELECT 1")  # opens the transaction that is rolled back
    await columns(owner_connection, Queries(package)[name])


MODELLED = [call for call in CALLS if call.model is not None]


@pytest.mark.parametrize(
    "call", MODELLED, ids=[f"{call.package}:{call.query}@{call.where}" for call in MODELLED]
)
async def test_the_columns_of_a_query_are_the_fields_of_its_model(
    owner_connection: AsyncConnection, call: Call
) -> None:
    await owner_connection.execute("SELECT 1")
    found = await columns(owner_connection, Queries(call.package)[call.query])
    assert call.model is not None
    if dataclasses.is_dataclass(call.model):
        wanted = {field.name for field in dataclasses.fields(call.model) if field.init}
        optional = {
            f.name
            for f in dataclasses.fields(call.model)
            if f.default is not dataclasses.MISSING or f.default_factory is not dataclasses.MISSING
        }
    else:
        parameters = inspect.signature(call.model).parameters
        wanted, optional = set(parameters), {n for n, p in parameters.items() if p.default is not p.empty}
    assert set(found) <= wanted
    assert wanted - set(found) <= optional


@pytest.mark.parametrize("package", PACKAGES)
def test_every_query_is_run_by_somebody(package: str) -> None:
    used = {call.query for call in CALLS if call.package == package}
    assert set(Queries(package)) == used


def test_every_model_of_a_call_was_found() -> None:
    missing = [call for call in CALLS if call.method in {"one", "many"} and call.model is None]
    assert not missing
