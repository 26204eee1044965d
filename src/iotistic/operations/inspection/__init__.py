"""What a PostgreSQL server is doing and how it is filled, for the person in front of it; and ending one session of it."""

from iotistic.operations.inspection.blocking import Blocked, Waiting, blocking_trees
from iotistic.operations.inspection.ending import (
    Ending,
    EndingDenied,
    EndingRefused,
    SessionEnder,
    SessionMissing,
)
from iotistic.operations.inspection.inspector import Inspector, StatementsUncounted
from iotistic.operations.inspection.model import (
    Connections,
    IndexUse,
    ProgressRow,
    ServerStatus,
    Session,
    StatementOrder,
    StatementUse,
    TableSize,
)

__all__ = [
    "Blocked",
    "Connections",
    "Ending",
    "EndingDenied",
    "EndingRefused",
    "IndexUse",
    "Inspector",
    "ProgressRow",
    "ServerStatus",
    "Session",
    "SessionEnder",
    "SessionMissing",
    "StatementOrder",
    "StatementUse",
    "StatementsUncounted",
    "TableSize",
    "Waiting",
    "blocking_trees",
]
