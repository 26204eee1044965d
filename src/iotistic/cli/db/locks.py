"""`iotistic db locks`: who keeps whom waiting, the one to look at first."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from iotistic.cli.db.which import Database, Which, opened
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, run_async, shortened
from iotistic.config import Settings
from iotistic.operations.inspection import Blocked, Inspector, Session, Waiting, blocking_trees

__all__ = ["show_locks", "tree_lines"]

_SHOWN = 80


def show_locks(
    *, database: Which = Database.platform, data_dir: DataDir = None, url: Url = None, as_json: AsJson = False
) -> None:
    """Show who keeps whom waiting for a lock, on the whole server: the root of each tree waits for nobody."""
    trees = run_async(_trees(settings_from(data_dir, url), database))
    if as_json:
        print_json({"trees": [_tree_fields(tree) for tree in trees]})
        return
    for tree in trees:
        sys.stdout.write("\n".join(tree_lines(tree)) + "\n")
    if trees:
        narrate("Next: iotistic db kill PID stops a root's statement, --terminate its session.")
    else:
        narrate("Nobody waits for a lock.")


def tree_lines(tree: Blocked) -> list[str]:
    """A tree as lines, the root first."""
    if tree.root is not None:
        head = f"{_who(tree.root)}: {_what(tree.root)}"
    else:
        head = "a prepared transaction (see pg_prepared_xacts)" if tree.pid == 0 else f"process {tree.pid}"
    circle = ", waits in a circle: a deadlock" if tree.in_circle else ""
    lines = [f"{head} [holds up {tree.behind}{circle}]"]
    _append(lines, tree.waiters, "")
    return lines


def _append(lines: list[str], waiters: Sequence[Waiting], indent: str) -> None:
    for number, waiter in enumerate(waiters, start=1):
        last = number == len(waiters)
        also = ", ".join(str(pid) for pid in waiter.also_waits_for)
        behind = f" [also behind {also}]" if also else ""
        one = waiter.session
        lines.append(
            f"{indent}{'└─ ' if last else '├─ '}{_who(one)} waits {_seconds(one.statement_seconds)}"
            f" for {one.wants or 'a lock'}: {_query(one)}{behind}"
        )
        _append(lines, waiter.waiters, indent + ("   " if last else "│  "))


async def _trees(settings: Settings, database: Database) -> Sequence[Blocked]:
    async with opened(settings, database, role="monitor") as connection:
        return blocking_trees(await Inspector(connection).sessions())


def _who(session: Session) -> str:
    return f"{session.pid} {session.role or session.kind}/{session.application or '-'}"


def _what(session: Session) -> str:
    return f"{session.state or 'not visible'} {_seconds(session.transaction_seconds)}, {_query(session)}"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{max(0.0, seconds):.1f} s"


def _query(session: Session) -> str:
    return shortened(session.query or "-", _SHOWN)


def _tree_fields(tree: Blocked) -> dict[str, Any]:
    return {
        "pid": tree.pid,
        "in_circle": tree.in_circle,
        "behind": tree.behind,
        "session": asdict(tree.root) if tree.root is not None else None,
        "waiters": [_waiter_fields(waiter) for waiter in tree.waiters],
    }


def _waiter_fields(waiter: Waiting) -> dict[str, Any]:
    return {
        "pid": waiter.session.pid,
        "also_waits_for": list(waiter.also_waits_for),
        "behind": waiter.behind,
        "session": asdict(waiter.session),
        "waiters": [_waiter_fields(below) for below in waiter.waiters],
    }
