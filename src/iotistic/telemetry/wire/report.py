"""A report as a device sends it, and what is wrong with one that cannot be taken as it is."""

from collections.abc import Iterable, Mapping
from typing import cast

import msgspec

from iotistic.telemetry.errors import BodyInvalid
from iotistic.telemetry.names.metric_sets import Units
from iotistic.telemetry.wire.decoding import Fault, Time, fields_of, kind_of, time_in
from iotistic.telemetry.wire.draft import Draft

__all__ = ["LONGEST_NAME", "Metrics", "Report", "examined", "units_in"]

LONGEST_NAME = 100
_LONGEST_UNIT = 32

Metrics = dict[str, float | bool | None]


class Report(msgspec.Struct, gc=False):
    """One report as a well-behaved device sends it."""

    timestamp: Time
    metrics: Metrics


def examined(draft: Draft, items: list[object]) -> Iterable[tuple[int, Report, object]]:
    """The reports that can be taken, without the fields that cannot, and the units each gives; reasons for the rest go into the draft."""
    for index, item in enumerate(items):
        fields = fields_of(item)
        if isinstance(fields, tuple):
            draft.reject(index, *fields)
            continue
        time = time_in(fields)
        if isinstance(time, tuple):
            draft.reject(index, *time)
            continue
        given = fields.get("metrics")
        if not isinstance(given, dict):
            draft.reject(index, "metrics_missing", f"metrics: expected an object, got {kind_of(given)}.")
            continue
        metrics, faults = _numbers(cast("dict[str, object]", given))
        draft.note(index, faults)
        yield index, Report(timestamp=time, metrics=metrics), fields.get("units")


def _numbers(given: Mapping[str, object]) -> tuple[Metrics, list[Fault]]:
    numbers: Metrics = {}
    faults: list[Fault] = []
    for name, value in given.items():
        if value is None or isinstance(value, bool | float):
            numbers[name] = value
        elif isinstance(value, int) and abs(value) < 1 << 1023:
            numbers[name] = float(value)
        else:
            faults.append(
                (
                    "metric_not_numeric",
                    f"metrics.{name[:LONGEST_NAME]}: expected a number, got {kind_of(value)}.",
                )
            )
    return numbers, faults


def units_in(given: object) -> Units:
    """The body's units, sorted. Raises BodyInvalid when they are no texts by metric."""
    if not given:
        return ()
    if not isinstance(given, dict):
        raise BodyInvalid(f"units: expected an object, got {kind_of(given)}.")
    units: list[tuple[str, str]] = []
    for name, unit in cast("dict[str, object]", given).items():
        if unit is None:
            continue
        if not isinstance(unit, str) or not 1 <= len(unit) <= _LONGEST_UNIT or not unit.isprintable():
            raise BodyInvalid(
                f"units.{name[:LONGEST_NAME]}: expected 1 to {_LONGEST_UNIT} printable characters."
            )
        units.append((name, unit))
    return tuple(sorted(units))
