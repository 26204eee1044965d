from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from iotistic.http.parameters import parse_width


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("1s", timedelta(seconds=1)),
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("1h", timedelta(hours=1)),
        ("366d", timedelta(days=366)),
        ("PT5M", timedelta(minutes=5)),
        ("P1D", timedelta(days=1)),
    ],
)
def test_a_width_has_two_forms(text: str, width: timedelta) -> None:
    assert parse_width(text) == width


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0s",
        "5",
        "5 m",
        "-5m",
        "5M",
        "1.5h",
        "367d",
        "999999999d",
        "PT0.5S",
        "-PT5M",
        "P9999999999D",
        "PTX",
        "٣s",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises((ValueError, OverflowError, ValidationError)):
        parse_width(text)


@settings(deadline=None)  # a busy computer is no failure
@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    try:
        width = parse_width(text)
    except (ValueError, OverflowError):
        return
    assert timedelta(seconds=1) <= width <= timedelta(days=366)
