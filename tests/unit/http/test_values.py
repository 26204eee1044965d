from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from iotistic.http.schemas.values import Document, Moment, Text, Timestamp

DOCUMENT: TypeAdapter[dict[str, Any]] = TypeAdapter(Document)
MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)
TEXT: TypeAdapter[str] = TypeAdapter(Text)


class Event(BaseModel):
    at: Timestamp


def nested(levels: int) -> dict[str, Any]:
    return {"x": nested(levels - 1)} if levels > 1 else {}


def test_a_time_is_sent_in_utc_with_a_z() -> None:
    event = Event.model_validate_json('{"at": "2026-11-23T22:00:00.5+02:00"}')
    assert event.model_dump_json() == '{"at":"2026-11-23T20:00:00.500000Z"}'


@pytest.mark.parametrize(
    "text", ["2026-11-23T20:00:00Z", "2026-11-23T22:00:00+02:00", 1795464000, "1795464000"]
)
def test_a_moment_may_be_given_in_any_offset(text: object) -> None:
    assert MOMENT.validate_python(text) == datetime(2026, 11, 23, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T20:00:00",
        "0001-01-01T00:00:00+23:59",
        "1969-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "yesterday",
        "nan",
    ],
)
def test_a_moment_without_offset_or_outside_our_times_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_python(text)


def test_the_bounds_of_our_times_are_in() -> None:
    assert MOMENT.validate_python("1970-01-01T00:00:00Z").year == 1970
    assert MOMENT.validate_python("2199-12-31T23:59:59Z").year == 2199


@pytest.mark.parametrize("text", ["", "x" * 201, "a\0b", "\ud800"])
def test_what_postgresql_could_not_hold_is_no_text(text: str) -> None:
    with pytest.raises(ValidationError):
        TEXT.validate_python(text)


def test_a_text_of_the_longest_length_is_one() -> None:
    assert TEXT.validate_python("x" * 200)


def test_a_document_may_be_eight_levels_deep_and_not_nine() -> None:
    assert DOCUMENT.validate_python(nested(8))
    with pytest.raises(ValidationError):
        DOCUMENT.validate_python(nested(9 + 1))


def test_lists_count_as_levels() -> None:
    with pytest.raises(ValidationError):
        DOCUMENT.validate_python({"x": [[[[[[[[[1]]]]]]]]]})
