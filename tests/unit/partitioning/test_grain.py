import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.partitioning import Grain, Period

moments = st.datetimes(datetime(2015, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
grains = st.sampled_from(list(Grain))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("grain", "lower", "upper", "name"),
    [
        (Grain.DAY, utc(2026, 12, 31), utc(2027, 1, 1), "logs_20261231"),
        (Grain.WEEK, utc(2026, 12, 28), utc(2027, 1, 4), "logs_2026w53"),
        (Grain.MONTH, utc(2026, 12, 1), utc(2027, 1, 1), "logs_202612"),
        (Grain.YEAR, utc(2026, 1, 1), utc(2027, 1, 1), "logs_2026"),
    ],
)
def test_the_period_of_a_moment_and_its_name(
    grain: Grain, lower: datetime, upper: datetime, name: str
) -> None:
    period = grain.period(utc(2026, 12, 31, 23, 59, 59))
    assert period == Period(lower, upper)
    assert grain.leaf("logs", period) == name


def test_a_week_that_begins_in_the_old_year_bears_the_new_one() -> None:
    period = Grain.WEEK.period(utc(2026, 1, 1))
    assert period.lower == utc(2025, 12, 29)
    assert Grain.WEEK.leaf("logs", period) == "logs_2026w01"


def test_a_moment_is_judged_in_utc() -> None:
    tokyo = datetime(2027, 1, 1, 8, 59, tzinfo=timezone(timedelta(hours=9)))
    assert Grain.YEAR.period(tokyo).lower == utc(2026, 1, 1)


def test_a_time_without_zone_is_in_no_period() -> None:
    with pytest.raises(ValueError, match="without zone"):
        Grain.DAY.period(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


@given(grains, moments)
def test_periods_follow_each_other_without_gap_or_overlap(grain: Grain, moment: datetime) -> None:
    period = grain.period(moment)
    assert period.lower <= moment < period.upper
    assert grain.after(period).lower == period.upper
    assert grain.after(grain.before(period)) == period


@given(grains, moments)
def test_a_name_claims_the_period_it_was_made_for(grain: Grain, moment: datetime) -> None:
    period = grain.period(moment)
    assert Grain.claimed("device_logs", grain.leaf("device_logs", period)) == period


@given(grains, moments)
def test_the_parts_of_a_period_make_it_up(grain: Grain, moment: datetime) -> None:
    if grain.finer is None:
        return
    period = grain.period(moment)
    parts = list(grain.finer.within(period))
    assert (parts[0].lower, parts[-1].upper) == (period.lower, period.upper)
    assert all(one.upper == other.lower for one, other in itertools.pairwise(parts))


@pytest.mark.parametrize(
    "name", ["device_logs", "device_logs_", "device_logs_20261399", "device_logs_2026w60", "device_logs_old",
             "device_logs_20261", "other_20260101", "device_logs_20260101_kept", "device_logs_0000"]
)  # fmt: skip
def test_a_table_of_somebody_else_claims_nothing(name: str) -> None:
    assert Grain.claimed("device_logs", name) is None
