"""What the doctor may do by itself: commands of ours that keep nobody out, end nobody's work, and lose nothing that is to be kept."""

from collections.abc import Mapping

__all__ = ["REPAIRS"]

REPAIRS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "partition-horizon": (("partitions", "run"),),
    "retention": (("partitions", "run"),),
    "partition-detach": (("partitions", "repair"),),
    "partition-gaps": (("partitions", "repair"),),
    "migrations": (("migrate",),),
    "backups": (("backup", "create"), ("backup", "drill")),
    "dead-rows": (("maintenance", "vacuum"),),
    "freezing": (("maintenance", "vacuum", "--freeze"),),
    "parent-statistics": (("maintenance", "analyze"),),
}
"""By the id of the check, commands in their order. What is not here locks, ends or drops something, and needs a person's look."""
