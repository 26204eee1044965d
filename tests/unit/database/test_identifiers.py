from datetime import datetime

import pytest

from iotistic.database.identifiers import (
    IdentifierRejected,
    checked,
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


def test_a_time_without_zone_is_no_literal() -> None:
    with pytest.raises(ValueError, match="without zone"):
        timestamp_literal(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point
