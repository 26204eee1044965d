"""Sealed secrets inside of values: found, and wrapped under another key. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from iotistic.sealing import is_sealed

__all__ = ["find_sealed", "with_sealed"]


def find_sealed(value: object) -> Iterator[str]:
    """Every sealed text in a value, at any depth."""
    match value:
        case str() if is_sealed(value):
            yield value
        case dict():
            for inner in cast("Mapping[str, object]", value).values():
                yield from find_sealed(inner)
        case list():
            for inner in cast("list[object]", value):
                yield from find_sealed(inner)
        case _:
            return


def with_sealed(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - any JSON
    """The value with every sealed text replaced."""
    match value:
        case str() if is_sealed(value):
            return change(value)
        case dict():
            members = cast("Mapping[str, Any]", value).items()
            return {name: with_sealed(inner, change) for name, inner in members}
        case list():
            return [with_sealed(inner, change) for inner in cast("list[object]", value)]
        case _:
            return value
