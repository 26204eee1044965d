import json
import os
from pathlib import Path

import pytest

from iotistic.cli.config import app
from iotistic.cli.output import run


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("DB_", "IOTISTIC_", "POSTGRES_", "DATABASE_URL")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_show_prints_every_setting_with_its_source(capsys: pytest.CaptureFixture[str]) -> None:
    Path(".env").write_text("IOTISTIC_API_PORT=8081\n")
    assert run(app, "config", ["show"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["VARIABLE", "VALUE", "SOURCE"]
    assert ["IOTISTIC_API_PORT", "8081", ".env"] in lines
    assert ["IOTISTIC_LOG_LEVEL", "info", "default"] in lines


def test_show_masks_secrets_in_both_forms(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ([], ["--json"]):
        assert run(app, "config", ["show", "--url", "postgresql://app:hunter2@localhost/iot", *form]) == 0
        output = capsys.readouterr()
        assert "hunter2" not in output.out + output.err
        assert "app:***@localhost" in output.out


def test_show_as_json_is_one_object_a_setting(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(app, "config", ["show", "--json", "--changed", "--data-dir", str(tmp_path)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == [{"variable": "IOTISTIC_DATA_DIR", "value": str(tmp_path), "source": "option"}]


def test_show_prints_what_is_in_force_although_something_is_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PORT", "many")
    assert run(app, "config", ["show"]) == 1
    output = capsys.readouterr()
    assert "IOTISTIC_LOG_LEVEL" in output.out
    assert "DB_PORT=many: This is no TCP port." in output.err


def test_check_names_the_server_that_will_be_used(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(app, "config", ["check", "--data-dir", str(tmp_path)]) == 0
    assert f"the embedded server in {tmp_path}" in capsys.readouterr().err
    assert run(app, "config", ["check", "--url", "postgresql://app@[::1]:5433/iot"]) == 0
    assert "::1:5433 as app, TLS prefer" in capsys.readouterr().err


def test_check_tells_all_that_is_wrong_and_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PORT", "many")
    monkeypatch.setenv("IOTISTIC_LOG_FORMAT", "xml")
    assert run(app, "config", ["check"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "DB_PORT=many" in output.err
    assert "IOTISTIC_LOG_FORMAT=xml" in output.err


def test_check_as_json_says_the_same_to_programs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PORT", "many")
    assert run(app, "config", ["check", "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["valid"] is False
    assert [(problem["variable"], problem["value"]) for problem in answer["problems"]] == [
        ("DB_PORT", "many")
    ]


def test_check_passes_with_warnings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PORT", "5433")
    assert run(app, "config", ["check"]) == 0
    assert "warning: DB_PORT=5433: It has no effect without DB_HOST" in capsys.readouterr().err
    assert run(app, "config", ["check", "--json"]) == 0
    assert [warning["variable"] for warning in json.loads(capsys.readouterr().out)["warnings"]] == ["DB_PORT"]


def test_the_example_can_be_used_as_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, "config", ["example"]) == 0
    Path(".env").write_text(capsys.readouterr().out)
    assert run(app, "config", ["check"]) == 0


def test_the_reference_page_is_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, "config", ["reference"]) == 0
    assert "\n# Settings\n" in capsys.readouterr().out
