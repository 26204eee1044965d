"""Who waits for whom, as trees."""

from datetime import UTC, datetime

from iotistic.operations.inspection import Blocked, Session, Waiting, blocking_trees


def session(pid: int, *blocked_by: int) -> Session:
    return Session(
        pid=pid,
        kind="client backend",
        role="r",
        database="d",
        application="a",
        client=None,
        state="active",
        began_at=datetime(2026, 1, 1, tzinfo=UTC),
        transaction_seconds=1.0,
        statement_seconds=1.0,
        wait="Lock/relation" if blocked_by else None,
        blocked_by=blocked_by,
        wants=None,
        query="SELECT 1",
    )


def shape(tree: Blocked | Waiting) -> tuple[int, list[object]]:
    pid = tree.pid if isinstance(tree, Blocked) else tree.session.pid
    return pid, [shape(waiter) for waiter in tree.waiters]


def test_where_nobody_waits_there_are_no_trees() -> None:
    assert blocking_trees([session(1), session(2)]) == ()
    assert blocking_trees([]) == ()


def test_the_root_waits_for_nobody_and_a_queue_is_a_chain() -> None:
    (tree,) = blocking_trees([session(3, 2), session(1), session(2, 1)])
    assert shape(tree) == (1, [(2, [(3, [])])])
    assert (tree.behind, tree.in_circle) == (2, False)


def test_a_session_behind_several_stands_once_and_names_the_others() -> None:
    (tree,) = blocking_trees([session(1), session(2, 1), session(3, 1, 2)])
    assert shape(tree) == (1, [(2, []), (3, [])])
    assert tree.waiters[1].also_waits_for == (2,)


def test_two_roots_share_a_waiter_that_stands_below_the_first() -> None:
    trees = blocking_trees([session(1), session(2), session(3, 1, 2)])
    assert [shape(tree) for tree in trees] == [(1, [(3, [])]), (2, [])]
    assert trees[0].waiters[0].also_waits_for == (2,)


def test_the_tree_with_most_waiters_comes_first() -> None:
    trees = blocking_trees([session(1), session(2, 1), session(5), session(6, 5), session(7, 5)])
    assert [tree.pid for tree in trees] == [5, 1]


def test_a_circle_is_a_tree_that_says_so() -> None:
    (tree,) = blocking_trees([session(1, 2), session(2, 1), session(3, 2)])
    assert tree.in_circle
    assert shape(tree) == (1, [(2, [(3, [])])])


def test_a_prepared_transaction_and_a_process_we_cannot_see_are_roots_too() -> None:
    trees = blocking_trees([session(2, 0), session(3, 99)])
    assert [(tree.pid, tree.root) for tree in trees] == [(0, None), (99, None)]


def test_a_thousand_waiters_are_no_trouble() -> None:
    (tree,) = blocking_trees([session(1), *(session(pid, pid - 1) for pid in range(2, 400))])
    assert tree.behind == 398
