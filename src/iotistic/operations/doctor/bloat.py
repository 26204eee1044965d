"""Room that tables hold and do not use, estimated from statistics: cheap, and to be confirmed before anything is done about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from iotistic.operations.doctor.model import Circumstances, Verdict, critical, ok, warn

__all__ = ["Swollen", "judge_bloat"]

_PERCENT = 40
_WASTED = 500 << 20
_MUCH = 5 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Swollen:
    """A table larger than half a gigabyte, and what its rows would need."""

    name: str
    bytes: int
    needed: int
    """By the widths of its columns, as the last ANALYZE saw them."""

    @property
    def wasted(self) -> int:
        return max(0, self.bytes - self.needed)

    @property
    def percent(self) -> float:
        return 100 * self.wasted / self.bytes


def judge_bloat(tables: Sequence[Swollen], _: Circumstances) -> Verdict:
    """Two fifths and half a gigabyte unused is a warning, 5 GB of it an alarm."""
    odd = [each for each in tables if each.percent > _PERCENT and each.wasted > _WASTED]
    if not odd:
        return ok(f"none of {len(tables)} tables larger than 500 MB holds much room it does not use")
    worst = max(odd, key=lambda each: each.wasted)
    observed = (
        f"{worst.name} holds about {worst.wasted >> 20} MB it does not use ({worst.percent:.0f} %, estimated)"
    )
    verdict = critical if worst.wasted > _MUCH else warn
    return verdict(
        observed,
        fix=(
            f"Confirm with pgstattuple_approx('{worst.name}') of the extension pgstattuple, then VACUUM (FULL, ANALYZE) {worst.name}; "
            "a table of days gets smaller by itself as old ones go"
        ),
        lock="VACUUM FULL: nobody reads or writes the table until it is rewritten",
        wasted=worst.wasted,
    )
