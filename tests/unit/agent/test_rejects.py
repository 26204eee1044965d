import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from iotistic.agent import rejects
from iotistic.agent.rejects import Rejects


def clock() -> datetime:
    return datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


def test_a_refused_record_is_kept_as_it_was_with_the_reason(tmp_path: Path) -> None:
    told: list[str] = []
    kept = Rejects(tmp_path / "rejected.jsonl", clock, lambda name, **_: told.append(name))
    kept.keep("metrics", b'{"metrics": {"x":  1.0}}', status=422, reason="invalid: x")
    kept.keep("logs", b"{}", status=413, reason="too_large")
    lines = [json.loads(line) for line in (tmp_path / "rejected.jsonl").read_text().splitlines()]
    assert lines[0] == {
        "rejected_at": "2026-11-23T20:00:00Z",
        "lane": "metrics",
        "status": 422,
        "reason": "invalid: x",
        "record": {"metrics": {"x": 1.0}},
    }
    assert [line["lane"] for line in lines] == ["metrics", "logs"]
    assert kept.count == 2
    assert told == ["record_rejected"] * 2


def test_the_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejects, "_LARGEST", 1000)
    kept = Rejects(tmp_path / "r", clock, lambda *_, **__: None)
    for number in range(50):
        kept.keep("logs", json.dumps("x" * 100 + str(number)).encode(), status=422, reason="")
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 2
    assert max(sizes) <= 1000
    assert "x49" in (tmp_path / "r").read_text()


def test_a_record_larger_than_the_file_is_kept_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejects, "_LARGEST", 10)
    kept = Rejects(tmp_path / "r", clock, lambda *_, **__: None)
    kept.keep("logs", b'"first"', status=422, reason="")
    kept.keep("logs", b'"second"', status=422, reason="")
    assert "second" in (tmp_path / "r").read_text()


def test_a_full_disk_is_said_and_survived(tmp_path: Path) -> None:
    told: list[str] = []
    Rejects(tmp_path / "missing" / "r", clock, lambda name, **_: told.append(name)).keep(
        "logs", b"{}", status=422, reason=""
    )
    assert told == ["record_rejected", "rejected_record_lost"]
