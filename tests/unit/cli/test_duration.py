from datetime import timedelta

import pytest

from iotistic.cli.duration import DurationUnreadable, parse_shift, readable_time


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


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(0), "0 s"),
        (timedelta(milliseconds=700), "1 s"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(seconds=90), "1 min 30 s"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=2, seconds=5), "2 h 5 s"),
        (timedelta(days=3, hours=4, minutes=5), "3 d 4 h"),
    ],
)
def test_a_length_of_time_is_said_in_its_largest_units(length: timedelta, text: str) -> None:
    assert readable_time(length) == text
