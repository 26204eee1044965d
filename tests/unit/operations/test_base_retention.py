"""Which base backups and which pieces of the log may go."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotistic.operations.backups import Keep
from iotistic.operations.physical import BaseBackup
from iotistic.operations.physical.pruning import segment_name
from iotistic.operations.physical.retention import judge_bases, surplus_segments

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
ONE_DAY = Keep(daily=1, weekly=0, monthly=0)


def base(days_ago: int, parent: BaseBackup | None = None) -> BaseBackup:
    at = NOON - timedelta(days=days_ago)
    return BaseBackup(
        format=1,
        id=f"{at:%Y%m%dT%H%M%S}000Z-0000",
        parent=parent.id if parent else None,
        server_version=180006,
        started_at=at,
        finished_at=at,
        bytes=0,
        fingerprint="",
    )


def kept(backups: list[BaseBackup], keep: Keep = ONE_DAY, pinned: set[str] | None = None) -> set[str]:
    return {each.backup.id for each in judge_bases(backups, keep=keep, pinned=pinned or set()) if each.keep}


def test_an_increment_that_stays_keeps_everything_it_is_built_on() -> None:
    old, full = base(9), base(5)
    first = base(4, full)
    second = base(3, first)
    assert kept([old, full, first, second]) == {full.id, first.id, second.id}


def test_an_increment_whose_chain_is_broken_goes_when_a_whole_one_stays() -> None:
    gone = base(9)
    orphan, full = base(1, gone), base(2)
    assert kept([orphan, full]) == {full.id}
    assert kept([orphan]) == {orphan.id}  # nothing goes while there is nothing whole


def test_a_pinned_increment_keeps_its_chain() -> None:
    full = base(9)
    increment, newest = base(8, full), base(0)
    assert kept([full, increment, newest]) == {newest.id}
    assert kept([full, increment, newest], pinned={increment.id}) == {full.id, increment.id, newest.id}


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    parents=st.lists(st.one_of(st.none(), st.integers(0, 39)), min_size=1, max_size=40),
    pinned=st.sets(st.integers(0, 39)),
    missing=st.sets(st.integers(0, 39), max_size=3),
    keep=st.builds(Keep, daily=st.integers(1, 9), weekly=st.integers(0, 5), monthly=st.integers(0, 13)),
)
def test_no_chain_is_ever_broken_and_the_newest_whole_one_stays(
    parents: list[int | None], pinned: set[int], missing: set[int], keep: Keep
) -> None:
    """Oldest first; each is complete or built on any older one, and a few were lost before."""
    made: list[BaseBackup] = []
    for number, parent in enumerate(parents):
        below = made[parent % number] if parent is not None and number else None
        made.append(base(len(parents) - number, below))
    there = [each for number, each in enumerate(made) if number not in missing]
    ids = {each.id for each in there}

    def is_whole(each: BaseBackup, among: set[str]) -> bool:
        by_id = {one.id: one for one in made}
        while each.parent is not None:
            if each.parent not in among:
                return False
            each = by_id[each.parent]
        return True

    fast = {made[number].id for number in pinned if number < len(made)} & ids
    left = kept(there, keep, fast)
    assert fast <= left <= ids
    whole = [each for each in there if is_whole(each, ids)]
    for each in whole:
        if each.id in left:
            assert is_whole(each, left)
    if whole:
        assert whole[-1].id in left
    else:
        assert left == ids


@pytest.mark.parametrize(
    ("timeline", "position", "megabytes", "name"),
    [
        (1, "0/2000028", 16, "000000010000000000000002"),
        (1, "0/FFFFFFFF", 16, "0000000100000000000000FF"),
        (2, "1/0", 16, "000000020000000100000000"),
        (1, "A/4000000", 64, "000000010000000A00000001"),
        (1, "0/100000", 1, "000000010000000000000001"),
    ],
)
def test_a_position_of_the_log_lies_in_this_segment(
    timeline: int, position: str, megabytes: int, name: str
) -> None:
    assert segment_name(timeline, position, megabytes << 20) == name


def test_only_what_lies_before_the_oldest_needed_segment_goes() -> None:
    names = [
        "000000010000000000000001",
        "000000010000000000000002.00000028.backup",
        "000000010000000000000003",
        "000000010000000000000004",
        "000000020000000000000002",
        "00000002.history",
        ".000000010000000000000001.part",
        "notes.txt",
    ]
    assert surplus_segments(names, "000000010000000000000003") == [
        "000000010000000000000001",
        "000000010000000000000002.00000028.backup",
        "000000020000000000000002",
    ]
    assert surplus_segments(names, None) == []
    assert surplus_segments(names, "00000002.history") == []
