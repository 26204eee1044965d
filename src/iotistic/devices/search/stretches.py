"""In which steps a list looks at pages: whole pages, until their candidates fill it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iotistic.devices.search.terms import Members, members_of
from iotistic.devices.tag_expression import Expression

__all__ = ["Page", "Stretch", "stretches"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Devices that follow one another by name, and who of them has what."""

    id: int
    first_name: str
    devices: int
    members: Members


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A range of names with the places of those in it who are meant, unless they changed since."""

    start: str | None
    """The first name, None: from the beginning."""
    end: str | None
    """Behind the last name, None: to the end."""
    pages: Sequence[int]
    places: Sequence[int]


def stretches(
    pages: Sequence[Page], expression: Expression, limit: int, *, start: str | None, end: str | None
) -> Iterator[Stretch]:
    """The names of these pages in order, from `start` to before `end`, in steps of at least `limit` candidates."""
    found: list[tuple[int, int]] = []
    ends = [*(page.first_name for page in pages[1:]), end]
    for page, behind in zip(pages, ends[: len(pages)], strict=True):
        here = members_of(expression, page.members, (1 << page.devices) - 1)
        found += [(page.id, place) for place in _places(here)]
        if len(found) >= limit and behind is not None:
            yield _stretch(start, behind, found)
            start, found = behind, []
    yield _stretch(start, end, found)


def _stretch(start: str | None, end: str | None, found: Sequence[tuple[int, int]]) -> Stretch:
    return Stretch(
        start=start, end=end, pages=[page for page, _ in found], places=[place for _, place in found]
    )


def _places(members: int) -> list[int]:
    places: list[int] = []
    while members:
        lowest = members & -members
        places.append(lowest.bit_length() - 1)
        members ^= lowest
    return places
