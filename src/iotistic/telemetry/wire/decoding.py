"""Bodies to items: strictly typed and fast when all is well, item by item when something is not."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, Generic, TypeVar, cast, final

import msgspec

from iotistic.telemetry.errors import BodyInvalid, BodyTooLarge
from iotistic.telemetry.wire.stamps import moment_in, stamp_of_time

__all__ = ["Fault", "Items", "ItemsReader", "Time", "fields_of", "kind_of", "stamps_in", "time_in"]

T = TypeVar("T")
B = TypeVar("B")

Time = Annotated[datetime, msgspec.Meta(tz=True)] | int | float
"""What a timestamp may be: an aware datetime, or a Unix time in s, ms, us or ns."""
Fault = tuple[str, str]
"""(code, message) for something that cannot be taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Items(Generic[T]):
    """What a body holds."""

    strict: list[T] | None = None
    """Its items, when all of them are well formed."""
    loose: list[object] = field(default_factory=list[object])
    """Otherwise its items as JSON values, to be looked at one by one."""
    units: object = None
    """The unit of each metric, if the body says."""

    def __len__(self) -> int:
        return len(self.loose if self.strict is None else self.strict)


@final
class ItemsReader(Generic[T]):
    """Reads {"<noun>": [item, ...]} or an item a line.

    `body` is the type of the whole, `items_of` takes the well-formed items out of it.
    """

    def __init__(
        self, noun: str, item: type[T], body: type[B], items_of: Callable[[B], Items[T]], *, most: int
    ) -> None:
        self._noun = noun
        self._most = most
        self._item = msgspec.json.Decoder(item)
        self._body = msgspec.json.Decoder(body)
        self._items_of: Callable[[Any], Items[T]] = items_of

    def read(self, body: bytes, *, ndjson: bool) -> Items[T]:
        """Raises BodyInvalid when the body is not even a list of something, BodyTooLarge when it is too long."""
        items = self._lines(body) if ndjson else self._document(body)
        if len(items) > self._most:
            raise BodyTooLarge.of(self._most, self._noun)
        return items

    def _document(self, body: bytes) -> Items[T]:
        try:
            return self._items_of(self._body.decode(body))
        except msgspec.ValidationError:
            pass
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BodyInvalid(f"The body is no JSON: {error}.", hint=self._example) from error
        whole = _plain(body)
        if not isinstance(whole, dict):
            raise BodyInvalid(f"The body is {kind_of(whole)}, not an object.", hint=self._example)
        fields = cast("dict[str, object]", whole)
        inner = fields.get(self._noun)
        if not isinstance(inner, list):
            raise BodyInvalid(f"The body has no list named {self._noun}.", hint=self._example)
        return Items(loose=cast("list[object]", inner), units=fields.get("units"))

    def _lines(self, body: bytes) -> Items[T]:
        try:
            return Items(strict=self._item.decode_lines(body))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Items(loose=[_plain(line) for line in body.splitlines() if line.strip()])

    @property
    def _example(self) -> str:
        return f'Send {{"{self._noun}": [...]}}.'


@final
class NotJson:
    """Stands for a piece that cannot be decoded."""


_KINDS: Final[Mapping[type, str]] = {
    str: "text",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
    type(None): "null",
    NotJson: "no valid JSON",
}


def kind_of(value: object) -> str:
    """What JSON calls a value, with its article."""
    return _KINDS.get(type(value), "something else")


def fields_of(item: object) -> dict[str, Any] | Fault:
    """The item's fields, or why it has none."""
    if isinstance(item, NotJson):
        return "not_json", "This is no valid JSON."
    if not isinstance(item, dict):
        return "not_an_object", f"This is {kind_of(item)}, not an object."
    return cast("dict[str, Any]", item)


def time_in(fields: Mapping[str, object]) -> Time | Fault:
    """The item's timestamp, or what is wrong with it."""
    value = fields.get("timestamp")
    if value is None:
        return "timestamp_missing", "There is no timestamp."
    if isinstance(value, str):
        return moment_in(value) or (
            "timestamp_invalid",
            f"timestamp: {value[:40]!r} is no ISO 8601 time with an offset, as in 2026-11-23T20:00:00Z.",
        )
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "timestamp_invalid", f"timestamp: {kind_of(value)} is no time."
    return value


def stamps_in(items: Iterable[object]) -> Iterator[int]:
    """When items were made, as far as they say so."""
    for item in items:
        fields = fields_of(item)
        time = None if isinstance(fields, tuple) else time_in(fields)
        if time is not None and not isinstance(time, tuple):
            yield stamp_of_time(time)


def _plain(piece: bytes) -> object:
    try:
        return msgspec.json.decode(piece)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return NotJson()
