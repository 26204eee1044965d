"""Partitions by time: made ahead, retired behind, without stopping what is written meanwhile.

A migration declares a partitioned table with one row about it, and no leaf:

    CREATE TABLE events (...) PARTITION BY RANGE (occurred_at);
    INSERT INTO partition_policies (parent, grain, premake, back, keep_days) VALUES ('events', 'month', 2, 1, 2555);

`grain` is day (the default), week, month or year. The key is one `timestamptz` column, and every unique constraint contains
it. The table has no DEFAULT partition and no identity column. Its first leaves are made when a service has run its
migrations, and by the housekeeper within ten minutes where something else runs them; a test makes them with
`await Maintainer(owner_connection).run()`. `docs/partitions.md` tells the rest.
"""

from iotistic.partitioning.adoption import Adoption
from iotistic.partitioning.catalog import PartitionCatalog, runway
from iotistic.partitioning.errors import AdoptionRefused, PolicyNotFound, RowsOutside
from iotistic.partitioning.grain import Grain, Period
from iotistic.partitioning.keeper import ArchiveNotConfigured, Keeper
from iotistic.partitioning.maintainer import Failure, Maintainer, Outcome
from iotistic.partitioning.plan import (
    Attach,
    Create,
    Drop,
    Finalise,
    MoveOut,
    Retire,
    Step,
    horizon,
    plan,
    room,
)
from iotistic.partitioning.policy import (
    ALARM_DAYS,
    READY_DAYS,
    Leaf,
    Policy,
    RetentionClass,
    Runway,
    Situation,
    Stray,
)
from iotistic.partitioning.repair import repairs
from iotistic.partitioning.retention import ClassStamp, DeviceClass, RetentionClasses
from iotistic.partitioning.sealing import Seal, Sealer, sealings
from iotistic.partitioning.thinning import Thin, Thinner, thinnings

__all__ = [
    "ALARM_DAYS",
    "READY_DAYS",
    "Adoption",
    "AdoptionRefused",
    "ArchiveNotConfigured",
    "Attach",
    "ClassStamp",
    "Create",
    "DeviceClass",
    "Drop",
    "Failure",
    "Finalise",
    "Grain",
    "Keeper",
    "Leaf",
    "Maintainer",
    "MoveOut",
    "Outcome",
    "PartitionCatalog",
    "Period",
    "Policy",
    "PolicyNotFound",
    "RetentionClass",
    "RetentionClasses",
    "Retire",
    "RowsOutside",
    "Runway",
    "Seal",
    "Sealer",
    "Situation",
    "Step",
    "Stray",
    "Thin",
    "Thinner",
    "horizon",
    "plan",
    "repairs",
    "room",
    "runway",
    "sealings",
    "thinnings",
]
