"""docs/attacks.md names tests that there are."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "attacks.md").read_text(encoding="utf-8")
ROWS = [line.split("|")[1:3] for line in PAGE.splitlines() if line.startswith("| ") and "`" in line]
NAMED = re.compile(r"`(?P<file>[a-z_/]+\.py)::(?P<test>test_\w+)`")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip())
def test_whoever_reads_of_an_attack_finds_what_tries_it(row: list[str]) -> None:
    named = list(NAMED.finditer(row[1]))
    assert named
    assert row[1].count("`") == 2 * len(named)  # nothing else that only looks like one
    for found in named:
        source = (ROOT / "tests" / found["file"]).read_text(encoding="utf-8")
        tests = {
            node.name
            for node in ast.parse(source).body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert found["test"] in tests


def test_no_attack_is_listed_twice_and_none_went_missing() -> None:
    names = [row[0].strip() for row in ROWS]
    assert len(set(names)) == len(names) >= 26
