"""In which steps a list looks at pages: whole pages, until their candidates fill it. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from iotistic.devices.search.terms import Members

__all__ = ["Candidates", "Page", "Places", "Stretch", "named", "stretches"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Devices that follow one another by name, and who of them has what."""

    id: int
    first_name: str
    devices: int
    members: Members


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Those of a page who are meant, unless they changed since."""

    page: int
    members: int
    """As in `Members`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Candidates one by one, in the order of their names."""

    pages: Sequence[int]
    places: Sequence[int]
    is_cut: bool
    """Whether more follow that were left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A range of names with those in it who are candidates."""

    start: str | None
    """The first name, None: from the beginning."""
    end: str | None
    """Behind the last name, None: to the end."""
    candidates: Sequence[Candidates]

    def first(self, most: int) -> Places:
        """Not more than `most` of them."""
        found = list(islice(self._each(), most + 1))
        return Places(
            pages=[page for page, _ in found[:most]],
            places=[place for _, place in found[:most]],
            is_cut=len(found) > most,
        )

    def _each(self) -> Iterator[tuple[int, int]]:
        for one in self.candidates:
            for place in _places(one.members):
                yield one.page, place


def stretches(
    pages: Sequence[Page],
    members: Callable[[Page], int],
    limit: int,
    *,
    start: str | None,
    end: str | None,
) -> Iterator[Stretch]:
    """The names of these pages in order, from `start` to before `end`, in steps of at least `limit` candidates.

    `members` says who of a page is one; it is asked page by page, as far as somebody looks.
    """
    near: list[Candidates] = []
    ends = [*(page.first_name for page in pages[1:]), end]
    for page, behind in zip(pages, ends[: len(pages)], strict=True):
        near.append(Candidates(page=page.id, members=members(page)))
        if sum(one.members.bit_count() for one in near) >= limit and behind is not None:
            yield Stretch(start=start, end=behind, candidates=near)
            start, near = behind, []
    yield Stretch(start=start, end=end, candidates=near)


def named(members: int, names: str, part: str) -> int:
    """Those of the members whose names, a line each, have the part."""
    if not names:
        return 0
    lines = names.split("\n")
    return sum(1 << place for place in _places(members) if part in lines[place])


def _places(members: int) -> Iterator[int]:
    while members:
        lowest = members & -members
        yield lowest.bit_length() - 1
        members ^= lowest
