"""What partition work can refuse."""

from collections.abc import Sequence

from iotistic.errors import Conflict, NotFound
from iotistic.partitioning.grain import Period

__all__ = ["AdoptionRefused", "PolicyNotFound", "RowsOutside"]


class PolicyNotFound(NotFound):
    """No policy names this table."""

    code = "partition_policy_not_found"

    @classmethod
    def of(cls, parent: str) -> "PolicyNotFound":
        return cls(
            f"There is no partition policy for a table named {parent}.",
            hint="`iotistic partitions status` lists the tables that have one; `iotistic partitions adopt` makes one.",
            parent=parent,
        )


class RowsOutside(Conflict):
    """A table is to become the partition of a period that some of its rows are not in."""

    code = "partition_rows_outside"

    @classmethod
    def of(cls, leaf: str, period: Period) -> "RowsOutside":
        return cls(
            f"{leaf} has rows outside {period}.",
            hint="Move them to where they belong, or name the range that the table holds.",
            leaf=leaf,
        )


class AdoptionRefused(Conflict):
    """A table cannot become what it is to become, for the reasons given."""

    code = "partition_adoption_refused"

    @classmethod
    def because(cls, table: str, reasons: Sequence[str]) -> "AdoptionRefused":
        listed = "".join(f"\n  - {reason}" for reason in reasons)
        return cls(f"{table} cannot be adopted:{listed}", table=table, reasons=list(reasons))
