"""What sessions wait for, sampled: one look tells a moment, twenty tell what is in the way."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from iotistic.operations.doctor.model import Circumstances, Verdict, graded, ok, worse_of

__all__ = ["Wait", "judge_waits", "sample"]

_SAMPLES = 20
_PAUSE = timedelta(milliseconds=5)
_FEW = 20
"""Sessions seen at work over all samples: two of three wait is no finding."""
_KINDS = {
    "Lock": "a lock of another transaction",
    "LWLock": "each other inside the server",
    "IO": "the disk",
    "BufferPin": "a page that another session reads",
    "IPC": "another process of the server",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """How many sessions at work were waiting for this, in one look."""

    kind: str | None
    """PostgreSQL's class of the event; None: it was not waiting."""
    event: str | None
    sessions: int


async def sample(look: Callable[[], Awaitable[Sequence[Wait]]]) -> list[Wait]:
    """Twenty looks, a tenth of a second in all. Each must be a statement of its own: within one, statistics stand still."""
    seen: list[Wait] = []
    for _ in range(_SAMPLES):
        seen += await look()
        await asyncio.sleep(_PAUSE.total_seconds())
    return seen


def judge_waits(waits: Sequence[Wait], _: Circumstances) -> Verdict:
    """One kind of wait in a fifth of what sessions do is a warning, in half of it an alarm."""
    total = sum(each.sessions for each in waits)
    if total < _FEW:
        return ok(f"{total} times in {_SAMPLES} looks a session was at work: too few to wait for one another")
    kinds = Counter[str]()
    events = Counter[str]()
    for each in waits:
        if each.kind in _KINDS:
            kinds[each.kind] += each.sessions
            events[f"{each.kind}: {each.event}"] += each.sessions
    if not kinds:
        return ok(f"of {total} sessions seen at work none was waiting", percent=0)
    kind, count = kinds.most_common(1)[0]
    percent = 100 * count / total
    of_kind = max((name for name in events if name.startswith(f"{kind}:")), key=lambda name: events[name])
    observed = f"{percent:.0f} % of the sessions at work wait for {_KINDS[kind]} ({of_kind})"
    state = worse_of(percent, warn_at=20, critical_at=50)
    return graded(state, observed, fix=_FIXES.get(kind, _SLOW), percent=percent)


_SLOW = "`iotistic doctor --check slow-statements`; fewer sessions at a time (IOTISTIC_POOL_MAX)"
_FIXES = {
    "Lock": "`iotistic db locks` shows the root; end that one",
    "IO": "`iotistic doctor --check cache --check sequential-scans --check checkpoints`",
}
