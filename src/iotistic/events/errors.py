"""What can be wrong about events."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Conflict, Invalid, IotisticError, NotFound

__all__ = ["CONSTRAINTS", "CursorFromElsewhere", "EventInvalid", "EventNotFound", "EventTypeUnknown"]


class EventNotFound(NotFound):
    """There is no event of this id, or its time is over."""

    code = "event_not_found"


class EventTypeUnknown(Invalid):
    """An event of a type that is not listed in event_types."""

    code = "event_type_unknown"


class EventInvalid(Invalid):
    """An event whose data is not what its type says."""

    code = "event_invalid"


class CursorFromElsewhere(Conflict):
    """The cursor is ahead of this server: it was given out by another one, or before a backup was restored."""

    code = "cursor_from_elsewhere"


def _unknown_type(error: psycopg.Error) -> IotisticError:
    return EventTypeUnknown(f"{error.diag.message_primary}.", hint="A migration lists it in event_types.")


def _bad_data(error: psycopg.Error) -> IotisticError:
    return EventInvalid(f"{error.diag.message_primary}.", hint="data_schema in event_types says what it has.")


def _bad_event(_: psycopg.Error) -> IotisticError:
    return EventInvalid(
        "An event is about something with an id of 1 to 200 characters, and says at most 16 KiB about it."
    )


CONSTRAINTS: ConstraintErrors = {
    "events_type_fkey": _unknown_type,
    "events_data_schema_check": _bad_data,
    "events_data_check": _bad_event,
    "events_aggregate_id_check": _bad_event,
    "events_correlation_id_check": _bad_event,
}
