from datetime import timedelta

import pytest

from iotistic.cli.duration import DurationUnreadable, parse_shift


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0s", timedelta(0)),
        ("90m", timedelta(minutes=90)),
        ("-2h", timedelta(hours=-2)),
        ("+3d", timedelta(days=3)),
        ("250ms", timedelta(milliseconds=250)),
    ],
)
def test_a_number_with_its_unit_is_a_length_of_time(text: str, length: timedelta) -> None:
    assert parse_shift(text) == length


@pytest.mark.parametrize("text", ["", "5", "h", "1.5h", "2 h", "1h30m", "9999999999s", "--1h"])
def test_anything_else_is_told(text: str) -> None:
    with pytest.raises(DurationUnreadable, match="no length of time"):
        parse_shift(text)
