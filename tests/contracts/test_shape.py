"""The rules of the house that no linter knows."""

import ast
import importlib
import re
from pathlib import Path

import pytest

import iotistic

SOURCE = Path(iotistic.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
IDS = [path.relative_to(SOURCE).as_posix() for path in MODULES]
HOMES_FOR_THE_HOMELESS = {"utils", "util", "common", "helpers", "helper", "base", "misc", "types", "logging"}
LONGEST_MODULE = 350
LONGEST_FUNCTION = 60


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    functions = [
        n
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = [
        f"{f.name} ({(f.end_lineno or 0) - f.lineno + 1})"
        for f in functions
        if (f.end_lineno or 0) - f.lineno >= LONGEST_FUNCTION
    ]
    assert not long


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_a_module_is_a_noun(path: Path) -> None:
    assert path.stem not in HOMES_FOR_THE_HOMELESS


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_the_public_face_is_real(path: Path) -> None:
    name = ".".join(("iotistic", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
    if name.endswith("__main__"):
        return
    face = getattr(importlib.import_module(name), "__all__", None)
    if face is None:
        assert path.name == "__init__.py" or not re.search(
            r"^(def|class|async def) [a-z]", path.read_text(), re.MULTILINE | re.IGNORECASE
        )
        return
    module = importlib.import_module(name)
    assert not [entry for entry in face if not hasattr(module, entry)]


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if "cli" not in p.relative_to(SOURCE).parts],
    ids=lambda p: p.relative_to(SOURCE).as_posix(),
)
def test_imports_stand_at_the_top(path: Path) -> None:
    """A function-level import hides a cycle. Only the command line may, to start fast."""
    tree = ast.parse(path.read_text())
    inner = [
        node.lineno
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not inner
