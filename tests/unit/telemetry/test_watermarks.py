from hypothesis import given
from hypothesis import strategies as st

from iotistic.telemetry.ingest.runs import Run, Series
from iotistic.telemetry.ingest.watermarks import Watermarks

A: Series = (b"a", 1)
B: Series = (b"b", 1)


def run(series: Series, *orders: int) -> Run:
    return Run(
        series=series,
        orders=list(orders),
        indexes=list(range(len(orders))),
        block=b"x" * len(orders),
        cuts=range(len(orders) + 1),
        explain=lambda _: {},
    )


def split(marks: Watermarks, runs: list[Run]) -> tuple[list[Run], list[Run]]:
    """(surely new, perhaps repeated)."""
    new: list[Run] = []
    perhaps: list[Run] = []
    for one in runs:
        (new if marks.is_new(one) else perhaps).append(one)
    return new, perhaps


def test_rows_of_a_series_not_met_before_may_be_repeats() -> None:
    first = run(A, 1, 2)
    assert split(Watermarks(10), [first]) == ([], [first])


def test_rows_after_the_newest_are_new_and_the_newest_itself_is_not() -> None:
    marks = Watermarks(10)
    marks.committed([run(A, 1, 5)])
    after, again = run(A, 6), run(A, 5)
    assert split(marks, [after]) == ([after], [])
    assert split(marks, [again]) == ([], [again])


def test_a_run_that_begins_before_the_newest_may_hold_repeats() -> None:
    marks = Watermarks(10)
    marks.committed([run(A, 5)])
    across = run(A, 4, 6)
    assert split(marks, [across]) == ([], [across])


def test_a_series_not_met_before_stays_so_for_its_whole_batch() -> None:
    made = [run(A, 1), run(A, 2)]
    assert split(Watermarks(10), made) == ([], made)


def test_runs_of_one_batch_count_for_those_behind_them() -> None:
    marks = Watermarks(10)
    marks.committed([run(A, 1)])
    first, same, next_ = run(A, 2, 3), run(A, 2, 3), run(A, 4)
    assert split(marks, [first, same, next_]) == ([first, next_], [same])


def test_order_zero_and_below_are_orders_like_any_other() -> None:
    marks = Watermarks(10)
    marks.committed([run(A, -5, 0)])
    at, after = run(A, 0), run(A, 1)
    assert split(marks, [at]) == ([], [at])
    assert split(marks, [after]) == ([after], [])


def test_series_do_not_know_of_each_other() -> None:
    marks = Watermarks(10)
    marks.committed([run(A, 100)])
    assert not marks.knows(B)
    assert split(marks, [run(B, 200)])[0] == []


def test_the_series_quiet_longest_is_forgotten_first() -> None:
    marks = Watermarks(2)
    marks.committed([run(A, 1)])
    marks.committed([run(B, 1)])
    marks.committed([run(A, 2)])
    marks.committed([run((b"c", 1), 1)])
    assert marks.knows(A)
    assert not marks.knows(B)


runs = st.lists(
    st.tuples(st.sampled_from([A, B]), st.sets(st.integers(-3, 12), min_size=1, max_size=4)), max_size=6
)


@given(st.lists(runs, max_size=5))
def test_what_is_called_new_was_never_committed_nor_is_it_twice_in_its_batch(
    batches: list[list[tuple[Series, set[int]]]],
) -> None:
    """As long as nothing is forgotten and nobody else writes; otherwise the copy fails and goes through staging."""
    marks = Watermarks(2)
    stored: set[tuple[Series, int]] = set()
    for batch in batches:
        made = [run(series, *sorted(orders)) for series, orders in batch]
        new, perhaps = split(marks, made)
        assert {id(one) for one in new} | {id(one) for one in perhaps} == {id(one) for one in made}
        keys = [(one.series, order) for one in new for order in one.orders]
        assert len(keys) == len(set(keys))
        assert not set(keys) & stored
        stored |= {(one.series, order) for one in made for order in one.orders}
        marks.committed(made)
