"""How commands speak."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import typer

from iotistic.cli.output import print_json, run


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    database: str
    at: datetime


def test_a_value_of_ours_is_printed_by_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"outcome": Outcome(database="iotistic", at=datetime(2026, 11, 28, tzinfo=UTC))})
    told = json.loads(capsys.readouterr().out)
    assert told == {"outcome": {"database": "iotistic", "at": "2026-11-28T00:00:00Z"}}


def test_a_bug_has_an_exit_code_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer()

    @app.command()
    def broken() -> None:
        raise ZeroDivisionError

    assert run(app, "broken", []) == 70
    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said
    assert "This is a bug in iotistic" in said
