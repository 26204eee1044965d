from datetime import UTC, date, datetime

import pytest

from iotistic.database.identifiers import (
    IdentifierRejected,
    checked,
    day_bounds,
    leaf_name,
    timestamp_literal,
)


@pytest.mark.parametrize("name", ["devices", "_private", "device_metrics_20261123", "a" * 63])
def test_a_plain_name_passes(name: str) -> None:
    assert checked(name) == name


@pytest.mark.parametrize(
    "name", ["", "Devices", "1st", 'x"; DROP TABLE devices; --', "a" * 64, "gerät", "a b", "a.b"]
)
def test_anything_else_is_rejected(name: str) -> None:
    with pytest.raises(IdentifierRejected):
        checked(name)


def test_a_leaf_is_named_for_its_parent_and_day() -> None:
    assert leaf_name("device_logs", date(2026, 1, 9)) == "device_logs_20260109"


def test_a_day_ends_where_the_next_begins() -> None:
    assert day_bounds(date(2026, 12, 31)) == (
        datetime(2026, 12, 31, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )


def test_a_time_without_zone_is_no_literal() -> None:
    with pytest.raises(ValueError, match="without zone"):
        timestamp_literal(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point
