"""Which backups may go."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotistic.operations.backups import Keep, Manifest, judge
from tests.support.backups import backup


def kept(backups: list[Manifest], keep: Keep, *, pinned: set[str], proved: set[str]) -> set[str]:
    return {each.manifest.id for each in judge(backups, keep=keep, pinned=pinned, proved=proved) if each.keep}


def test_a_year_of_nights_leaves_days_weeks_and_months() -> None:
    nights = [backup(n) for n in range(400)]
    left = kept(nights, Keep(daily=7, weekly=4, monthly=12), pinned=set(), proved={nights[0].id})
    assert {each.id for each in nights[:7]} <= left
    assert len(left) == 20  # 7 days, 2 more weeks of 4, 11 more months of 12: some are of two classes


def test_without_a_proved_backup_nothing_goes() -> None:
    nights = [backup(n) for n in range(100)]
    assert kept(nights, Keep(daily=1, weekly=0, monthly=0), pinned=set(), proved=set()) == {
        e.id for e in nights
    }


def test_what_is_newer_than_the_newest_proved_one_stays() -> None:
    nights = [backup(n) for n in range(10)]
    left = kept(nights, Keep(daily=1, weekly=0, monthly=0), pinned=set(), proved={nights[5].id})
    assert left == {each.id for each in nights[:6]}


def test_a_pinned_backup_stays() -> None:
    nights = [backup(n) for n in range(10)]
    left = kept(nights, Keep(daily=1, weekly=0, monthly=0), pinned={nights[9].id}, proved={nights[0].id})
    assert left == {nights[0].id, nights[9].id}


def test_a_backup_of_single_tables_counts_for_no_day() -> None:
    full, partial = backup(0.5), backup(0.1, "devices")
    left = kept([full, partial], Keep(daily=1, weekly=0, monthly=0), pinned=set(), proved={full.id})
    assert full.id in left


@settings(suppress_health_check=[HealthCheck.too_slow])  # its first example takes a second on a busy machine
@given(
    ages=st.lists(st.integers(0, 800), min_size=1, max_size=60, unique=True),
    proved=st.sets(st.integers(0, 59)),
    pinned=st.sets(st.integers(0, 59)),
    keep=st.builds(Keep, daily=st.integers(1, 9), weekly=st.integers(0, 5), monthly=st.integers(0, 13)),
)
def test_neither_the_newest_proved_nor_a_pinned_one_is_ever_removed(
    ages: list[int], proved: set[int], pinned: set[int], keep: Keep
) -> None:
    backups = [backup(age) for age in sorted(ages)]
    ids = [each.id for each in backups]
    good = {ids[n] for n in proved if n < len(ids)}
    fast = {ids[n] for n in pinned if n < len(ids)}
    left = kept(backups, keep, pinned=fast, proved=good)
    assert fast <= left
    assert max(good, default=ids[0]) in left
    assert ids[0] in left  # the newest day always keeps one
