"""The rules of the house that no linter knows: each looks at every module, and its failure lists all that break it."""

import ast
import importlib
import re
from pathlib import Path

import iotistic

SOURCE = Path(iotistic.__file__).parent
TEXTS = {path.relative_to(SOURCE).as_posix(): path.read_text() for path in sorted(SOURCE.rglob("*.py"))}
TREES = {name: ast.parse(text) for name, text in TEXTS.items()}
HOMES_FOR_THE_HOMELESS = {"utils", "util", "common", "helpers", "helper", "base", "misc", "types", "logging"}
LONGEST_MODULE = 350
LONGEST_FUNCTION = 60


def functions(name: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node for node in ast.walk(TREES[name]) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_there_are_modules_to_look_at() -> None:
    """Of none, every rule below would hold."""
    assert len(TEXTS) > 500


def test_a_module_can_be_read_in_one_sitting() -> None:
    assert not [name for name, text in TEXTS.items() if len(text.splitlines()) > LONGEST_MODULE]


def test_a_function_fits_on_a_screen() -> None:
    assert not [
        f"{name}: {f.name} ({(f.end_lineno or 0) - f.lineno + 1})"
        for name in TEXTS
        for f in functions(name)
        if (f.end_lineno or 0) - f.lineno >= LONGEST_FUNCTION
    ]


def test_a_module_is_a_noun() -> None:
    assert not [name for name in TEXTS if Path(name).stem in HOMES_FOR_THE_HOMELESS]


def test_the_public_face_is_real() -> None:
    assert not [
        f"{name}: {missing}"
        for name in TEXTS
        if not name.endswith("__main__.py")
        for missing in missing_from_face(name)
    ]


def missing_from_face(name: str) -> list[str]:
    dotted = ".".join(("iotistic", *Path(name).with_suffix("").parts)).removesuffix(".__init__")
    module = importlib.import_module(dotted)
    face = getattr(module, "__all__", None)
    if face is not None:
        return [entry for entry in face if not hasattr(module, entry)]
    defines = re.search(r"^(def|class|async def) [a-z]", TEXTS[name], re.MULTILINE | re.IGNORECASE)
    return ["__all__"] if defines and not name.endswith("__init__.py") else []


def test_imports_stand_at_the_top() -> None:
    """A function-level import hides a cycle. Only the command line may, to start fast."""
    assert not [
        f"{name}:{node.lineno}"
        for name in TEXTS
        if "cli" not in Path(name).parts
        for function in functions(name)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def test_the_page_of_the_architecture_names_every_package() -> None:
    page = set(re.findall(r"\w+", (Path(__file__).parents[2] / "docs" / "architecture.md").read_text()))
    assert {Path(name).parts[0].removesuffix(".py") for name in TEXTS} - {"__init__", "__main__"} <= page
