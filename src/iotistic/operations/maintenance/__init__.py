"""Care of tables by hand: vacuum, analyse, rebuild indexes, and drop what broken builds left."""

from iotistic.operations.maintenance.caretaker import Caretaker, Moment
from iotistic.operations.maintenance.model import Act, BrokenIndex, Done, Table, TableUnknown, Task
from iotistic.operations.maintenance.plan import plan_analyze, plan_cleanup, plan_reindex, plan_vacuum

__all__ = [
    "Act",
    "BrokenIndex",
    "Caretaker",
    "Done",
    "Moment",
    "Table",
    "TableUnknown",
    "Task",
    "plan_analyze",
    "plan_cleanup",
    "plan_reindex",
    "plan_vacuum",
]
