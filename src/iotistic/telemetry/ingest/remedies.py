"""What to do about a batch that could not be written, and what its callers are told when there is nothing to be done."""

from collections.abc import Sequence
from datetime import timedelta
from enum import Enum, auto

import psycopg

from iotistic.database.errors import is_transient
from iotistic.errors import IotisticError
from iotistic.telemetry.errors import IngestUnavailable, PartitionMissing
from iotistic.telemetry.ingest.submissions import Part

__all__ = ["Remedy", "answer_for", "halves", "remedy_for", "said"]

_ROW_IS_WRONG = ("22", "23", "P0")
"""SQLSTATE classes that blame a row: data exceptions, constraints, and what triggers raise."""


class Remedy(Enum):
    """What to do about a failed transaction."""

    STAGE = auto()
    """Some row is there already: let the keys decide."""
    SORT_OUT = auto()
    """Some row has no partition."""
    ISOLATE = auto()
    """Some row is refused."""
    RETRY = auto()
    """The database got in the way."""
    GIVE_UP = auto()


def remedy_for(error: psycopg.Error | IotisticError, *, careful: bool, is_over: bool) -> Remedy:
    """`careful`: every row was staged already; `is_over`: nothing may be waited for any longer."""
    if isinstance(error, psycopg.errors.UniqueViolation) and not careful:
        return Remedy.STAGE
    if isinstance(error, psycopg.errors.CheckViolation) and error.diag.constraint_name is None:
        return Remedy.SORT_OUT  # "no partition of relation found for row" is a violated check without a name
    if isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith(_ROW_IS_WRONG):
        return Remedy.ISOLATE
    return Remedy.RETRY if is_transient(error) and not is_over else Remedy.GIVE_UP


def answer_for(error: Exception) -> IngestUnavailable | PartitionMissing:
    """What callers are told whose data could not be stored."""
    if isinstance(error, IngestUnavailable | PartitionMissing):
        return error
    answer = IngestUnavailable(
        "The data could not be committed in time.",
        hint="Keep it and send it again: what is stored already will not be stored twice.",
        retry_after=timedelta(seconds=2),
    )
    answer.__cause__ = error
    return answer


def said(error: Exception) -> str | None:
    """The error in a sentence, without the values that PostgreSQL gives with it."""
    return error.diag.message_primary if isinstance(error, psycopg.Error) else str(error)


def halves(parts: Sequence[Part]) -> list[list[Part]]:
    """The same rows as two batches; there must be two rows at least."""
    if len(parts) > 1:
        middle = len(parts) // 2
        return [list(parts[:middle]), list(parts[middle:])]
    (part,) = parts
    pieces = [Part(submission=part.submission, runs=[run]) for run in part.runs]
    pieces += [Part(submission=part.submission, set_aside=[row]) for row in part.set_aside]
    if len(pieces) > 1:
        return halves(pieces)
    (run,) = part.runs
    middle = len(run) // 2
    return [
        [Part(submission=part.submission, runs=[run.slice(0, middle)])],
        [Part(submission=part.submission, runs=[run.slice(middle, len(run))])],
    ]
