"""Who keeps whom waiting, as trees: whoever is at the root is the one to look at; the others only queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from iotistic.operations.inspection.model import Session

__all__ = ["Blocked", "Waiting", "blocking_trees"]

PREPARED = 0
"""What pg_blocking_pids calls a transaction that was prepared for two-phase commit: no process has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A session in a tree, with those that wait for it."""

    session: Session
    also_waits_for: tuple[int, ...]
    """Further processes it waits for, besides the one above it."""
    waiters: tuple["Waiting", ...]

    @property
    def behind(self) -> int:
        """How many sessions wait for this one, directly or not."""
        return sum(1 + waiter.behind for waiter in self.waiters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """One tree: its root waits for no lock."""

    root: Session | None
    """None: a prepared transaction, or a process that we may not see."""
    pid: int
    """Of the root; 0 is a prepared transaction."""
    in_circle: bool
    """Whether the root itself waits for one below it: a deadlock, which the server ends within deadlock_timeout."""
    waiters: tuple[Waiting, ...]

    @property
    def behind(self) -> int:
        """How many sessions wait for the root, directly or not."""
        return sum(1 + waiter.behind for waiter in self.waiters)


def blocking_trees(sessions: Sequence[Session]) -> tuple[Blocked, ...]:
    """The trees, the one with most waiters first. Every waiting session is in exactly one place.

    A session that waits for several is put below the first of them that is seen from a root; the others are named with it.
    """
    known = {session.pid: session for session in sessions}
    waiting = {session.pid: session.blocked_by for session in sessions if session.blocked_by}
    blockers = {pid for pids in waiting.values() for pid in pids}
    roots = sorted(pid for pid in blockers if pid not in waiting)
    placed: set[int] = set()
    trees = [_tree(root, known, waiting, placed, in_circle=False) for root in roots]
    for pid in sorted(waiting):
        if pid not in placed:  # nobody outside the circle holds it up: begin anywhere
            placed.add(pid)
            trees.append(_tree(pid, known, waiting, placed, in_circle=True))
    return tuple(sorted(trees, key=lambda tree: (-tree.behind, tree.pid)))


def _tree(
    pid: int,
    known: Mapping[int, Session],
    waiting: Mapping[int, Sequence[int]],
    placed: set[int],
    *,
    in_circle: bool,
) -> Blocked:
    return Blocked(
        root=known.get(pid), pid=pid, in_circle=in_circle, waiters=_below(pid, known, waiting, placed)
    )


def _below(
    pid: int, known: Mapping[int, Session], waiting: Mapping[int, Sequence[int]], placed: set[int]
) -> tuple[Waiting, ...]:
    mine = [
        waiter for waiter, blockers in sorted(waiting.items()) if pid in blockers and waiter not in placed
    ]
    placed.update(mine)
    return tuple(
        Waiting(
            session=known[waiter],
            also_waits_for=tuple(sorted({other for other in waiting[waiter] if other != pid})),
            waiters=_below(waiter, known, waiting, placed),
        )
        for waiter in mine
    )
