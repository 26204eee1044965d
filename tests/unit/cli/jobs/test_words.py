"""How the options of `iotistic jobs` are read, and how a rollout is drawn."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.cli.jobs.watching import bar
from iotistic.cli.jobs.words import share_from, window_from
from iotistic.errors import Invalid
from iotistic.jobs import Share, Tally, Window


@pytest.mark.parametrize(
    ("text", "share"), [("5", Share(count=5)), ("10%", Share(percent=10)), ("0.5%", Share(percent=0.5))]
)
def test_a_number_or_a_part_of_devices(text: str, share: Share) -> None:
    assert share_from(text) == share


@pytest.mark.parametrize("text", ["", "%", "five", "1.5", "-1", "10 %", "1e3", "12345678"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        share_from(text)


def test_hours_with_and_without_a_place() -> None:
    assert window_from("22:00-04:00") == Window(start=time(22), end=time(4), time_zone="UTC")
    assert window_from("22:00-04:30@Europe/Berlin").time_zone == "Europe/Berlin"


@pytest.mark.parametrize("text", ["22-4", "24:00-04:00", "22:60-04:00", "22:00", "22:00-04:00@"])
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        window_from(text)


counts = st.integers(0, 1000)


@given(counts, counts, counts, counts, counts)
def test_whoever_is_there_is_seen(
    succeeded: int, failed: int, cancelled: int, working: int, queued: int
) -> None:
    drawn = bar(
        Tally(succeeded=succeeded, failed=failed, cancelled=cancelled, in_progress=working, queued=queued)
    )
    assert len(drawn) == 30
    for count, sign in ((succeeded, "█"), (failed, "x"), (cancelled, "-"), (working, "▒")):
        assert (sign in drawn) == (count > 0)


def test_all_done_is_all_full() -> None:
    assert bar(Tally(succeeded=7)) == "█" * 30
    assert bar(Tally()) == "·" * 30
