"""What a network makes of an orderly stream: gaps, late reports, late batches, sensors that say nothing."""

import random
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from tsbs_iot.trucks import Report

__all__ = ["arrivals"]

_BATCH = 10
_BATCH_LOST, _BATCH_HELD, _HELD_BATCH_RETURNS = 0.01, 0.05, 0.5
_LOST, _HELD, _HELD_RETURNS = 0.1, 0.3, 0.5
_FIELD_EMPTY = 0.1


def arrivals(reports: Iterable[Report], seed: int = 1) -> Iterator[Report]:
    """The reports in the order in which they reach the platform; about one in ten never does.

    Of every batch of 10: 1 % are lost and 5 % held back until a later batch lets them in (50 % each time). Of every report: 10 %
    are lost, 30 % held back until a later place takes them (50 % each time), 10 % of the rest lack one value. What is held at
    the end arrives last. (The emptied tags of the original have no counterpart: tags are the registry's here, not the report's.)
    """
    chance = random.Random(f"disorder {seed}")
    source = iter(reports)
    held: deque[list[Report]] = deque()
    late: deque[Report] = deque()
    while True:
        if held and chance.random() < _HELD_BATCH_RETURNS:
            yield from held.popleft()
        if chance.random() < _BATCH_LOST:
            if not list(islice(source, _BATCH)):
                break
            continue
        batch = list(_batch(source, late, chance))
        if not batch:
            break
        if chance.random() < _BATCH_HELD:
            held.append(batch)
        else:
            yield from batch
    for batch in held:
        yield from batch
    yield from late


def _batch(source: Iterator[Report], late: deque[Report], chance: random.Random) -> Iterator[Report]:
    """Ten reports that arrive, or fewer at the end of the source."""
    arrived = 0
    while arrived < _BATCH:
        if late and chance.random() < _HELD_RETURNS:
            report = late.popleft()
        else:
            following = next(source, None)
            if following is None:
                return
            report = following
        if chance.random() < _LOST:
            continue
        if chance.random() < _HELD:
            late.append(report)
            continue
        arrived += 1
        yield _incomplete(report, chance) if chance.random() < _FIELD_EMPTY else report


def _incomplete(report: Report, chance: random.Random) -> Report:
    missing = chance.choice(list(report.values))
    return replace(report, values={name: value for name, value in report.values.items() if name != missing})
