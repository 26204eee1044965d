"""What --json prints has the shape that is published."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

import iotistic.migrations
from iotistic.migrations.entry import Entry, EntryState
from iotistic.migrations.fields import plan_fields, report_fields, status_fields
from iotistic.migrations.files import arrange
from iotistic.migrations.plan import Comparison, compare, make_plan
from iotistic.migrations.report import Applied, Report, Status

SCHEMA = json.loads((Path(iotistic.migrations.__file__).parent / "output.schema.json").read_text())
GOLDEN = Path(__file__).parent / "golden"
FILES = arrange(
    [("1_a.sql", b"SELECT 1;"), ("2_b.sql", b"SELECT 2;"), ("R__v.sql", b"SELECT 3;")], service="s"
)
MOMENT = datetime(2026, 11, 23, 19, 54, tzinfo=UTC)


def fits(document: object) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(document)))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_errors_fit(path: Path) -> None:
    fits({"error": json.loads(path.read_text())})


def test_a_status_fits() -> None:
    entries = [
        Entry(filename="1_old.sql", number=1, applied_at=MOMENT, applied_by="me", took_ms=3),
        Entry(filename="2_b.sql", number=2, state=EntryState.FAILED, statements_total=2, statements_done=1),
        Entry(filename="0_gone.sql", number=0),
    ]
    status = Status(service="s", database="d", exists=True, comparison=compare(FILES, entries))
    fits(
        {
            "histories": [
                status_fields(status),
                status_fields(Status(service="s", database="d", exists=False, comparison=Comparison())),
            ]
        }
    )


def test_a_run_fits() -> None:
    applied = (Applied(filename="1_a.sql", took=timedelta(milliseconds=3), at=MOMENT),)
    fits(
        {"runs": [report_fields(Report(service="s", database="d", applied=applied, head=2, notices=("n",)))]}
    )


def test_a_plan_fits() -> None:
    fits({"plans": [plan_fields("s", "d", make_plan("s", FILES, ()))]})


def test_marks_fit() -> None:
    fits({"action": "unmark", "changed": ["1_a.sql"], "skipped": {"7": "was not marked as applied"}})


def test_anything_else_does_not_fit() -> None:
    with pytest.raises(jsonschema.ValidationError):
        fits({"runs": [{"service": "s"}]})
