"""What documents and help texts promise is there."""

import json
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

from iotistic.cli.main import COMMANDS
from tests.support.terminal import typed

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def shown(pattern: str) -> list[tuple[str, str]]:
    """Commands as documents show them: in code blocks and in backticks."""
    found: list[tuple[str, str]] = []
    for document in DOCUMENTS:
        text = document.read_text()
        code = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL) + re.findall(
            r"`([^`\n]+)`", text
        )
        for block in code:
            found += [
                (document.relative_to(ROOT).as_posix(), line.strip())
                for line in block.splitlines()
                if re.match(pattern, line.strip())
            ]
    return sorted(set(found))


def command_tree(app: typer.Typer) -> dict[str, object]:
    command = typer.main.get_command(app)
    return dict(getattr(command, "commands", {}))


@pytest.mark.parametrize(("document", "line"), shown(r"make [a-z]"))
def test_a_make_target_that_a_document_shows_exists(document: str, line: str) -> None:
    words = [word for word in line.split()[1:] if re.fullmatch(r"[a-z-]+", word)]
    assert words[0] in TARGETS, document


@pytest.mark.parametrize(("document", "line"), shown(r"(uv run |\.venv/bin/)?iotistic [a-z]"))
def test_a_command_that_a_document_shows_exists_with_its_options(document: str, line: str) -> None:
    words = shlex.split(
        line.split("|", maxsplit=1)[0]
        .split(" > ", maxsplit=1)[0]
        .split("#", maxsplit=1)[0]
        .split("&&", maxsplit=1)[0],
        comments=True,
    )
    words = words[words.index("iotistic") + 1 :]
    assert words[0] in COMMANDS, f"{document}: {line}"
    command = typer.main.get_command(import_module(COMMANDS[words[0]].module).app)
    rest = words[1:]
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.get_command(None, rest.pop(0))
    if words[0] == "migrate" and hasattr(command, "commands"):  # alone, or with options first, it means `run`
        command = command.get_command(None, "run")
    known = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    } | {"--help"}
    used = {
        word.split("=")[0]
        for word in rest[: rest.index("--") if "--" in rest else None]
        if re.match(r"--?[a-z]", word)
    }
    assert used <= known, f"{document}: {line}"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_overview_says_what_the_command_says_of_itself(name: str) -> None:
    app = import_module(COMMANDS[name].module).app
    assert isinstance(app, typer.Typer)
    help_text = typer.main.get_command(app).help or ""
    assert help_text.splitlines()[0] == COMMANDS[name].summary


@pytest.mark.parametrize("name", COMMANDS)
def test_help_needs_no_database(name: str, tmp_path: Path) -> None:
    done = typed(name, "--help", folder=tmp_path, PATH="/nowhere", DB_HOST="nowhere.invalid", COLUMNS="120")
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


def test_the_overview_imports_no_driver_and_no_framework() -> None:
    program = "import sys; from iotistic.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: pass\nimport json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not loaded & {"psycopg", "fastapi", "typer", "rich", "httpx", "msgspec", "pydantic"}


def test_an_unknown_command_is_told_with_a_guess(tmp_path: Path) -> None:
    done = typed("staus", folder=tmp_path)
    assert done.returncode == 1
    assert "iotistic status" in done.stderr
    assert done.stdout == ""


def test_a_wrong_option_is_told_without_a_traceback(tmp_path: Path) -> None:
    done = typed("status", "--nonsense", folder=tmp_path)
    assert done.returncode == 1
    assert "--nonsense" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target
