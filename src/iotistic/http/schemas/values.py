"""The kinds of values that several requests and answers share, with their bounds.

PostgreSQL's text holds no NUL, and a document that is nested without end breaks every serializer: both are refused here, with
the name of the field, rather than further in.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar, cast

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

__all__ = [
    "Answer",
    "Document",
    "Json",
    "Moment",
    "Page",
    "Request",
    "Seconds",
    "Statement",
    "Storable",
    "Text",
    "Timestamp",
    "check_storable",
]

T = TypeVar("T")

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_DEEPEST = 8


class Answer(BaseModel):
    """Base of what is sent: read from domain values by attribute."""

    model_config = ConfigDict(from_attributes=True)


class Request(BaseModel):
    """Base of what people send: an unknown field is a mistake that is told, not swallowed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Statement(BaseModel):
    """Base of what devices send: fields that a newer agent adds are passed over, since a fleet is never of one version."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)


def check_storable(text: str) -> str:
    """The text itself. Raises ValueError for NUL, and for half of a pair of surrogates, which JSON can hold and UTF-8 not."""
    if "\0" in text:
        raise ValueError("it holds a NUL character")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("it holds half a character")
    return text


def _in_utc(moment: datetime) -> datetime:
    # Compared before it is converted: year 1 with an offset has no UTC.
    if not _EARLIEST <= moment < _LATEST:
        raise ValueError(f"it is not between the years {_EARLIEST.year} and {_LATEST.year}")
    return moment.astimezone(UTC)


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _shallow(document: dict[str, Any]) -> dict[str, Any]:
    if not _fits(document, _DEEPEST):
        raise ValueError(f"it is nested deeper than {_DEEPEST} levels")
    return document


def _shallow_value(value: object) -> object:
    if not _fits(value, _DEEPEST):
        raise ValueError(f"it is nested deeper than {_DEEPEST} levels")
    return value


def _fits(value: object, levels: int) -> bool:
    if isinstance(value, dict):
        inner = list(cast("Mapping[str, object]", value).values())
    elif isinstance(value, list):
        inner = cast("list[object]", value)
    else:
        return True
    return levels > 0 and all(_fits(part, levels - 1) for part in inner)


Storable = Annotated[str, AfterValidator(check_storable)]
"""A text that PostgreSQL can hold."""
Text = Annotated[Storable, StringConstraints(min_length=1, max_length=200)]
"""A name or a word: 1 to 200 characters."""
Document = Annotated[dict[str, Any], AfterValidator(_shallow)]
"""Any JSON object, nested up to 8 levels."""
Json = Annotated[Any, AfterValidator(_shallow_value)]
"""Any JSON, nested up to 8 levels."""
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A point in time as received: RFC 3339 with its offset, or seconds since 1970."""
Timestamp = Annotated[
    datetime,
    PlainSerializer(_rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A point in time as sent."""
Seconds = Annotated[
    timedelta,
    PlainSerializer(timedelta.total_seconds, return_type=float, when_used="json"),
    WithJsonSchema({"type": "number"}),
]
"""A length of time as sent."""


class Page(Answer, Generic[T]):
    """A part of a list."""

    items: list[T] = Field(description="In the order of the list.")
    next: str | None = Field(
        description="Pass it as `after` to get what follows; null at the end.", examples=[None]
    )
