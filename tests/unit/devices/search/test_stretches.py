"""In which steps a list looks at pages."""

from collections.abc import Mapping, Sequence

from iotistic.devices.search.stretches import Candidates, Page, Stretch, named, stretches


def cut(members: Mapping[int, int], limit: int, *, start: str | None, end: str | None) -> list[Stretch]:
    """The stretches of pages that have these members."""
    pages = [Page(id=number, first_name=f"n{number}", devices=4, members={}) for number in members]
    return list(stretches(pages, lambda page: members[page.id], limit, start=start, end=end))


def stretch(start: str | None, end: str | None, candidates: Mapping[int, int]) -> Stretch:
    found = [Candidates(page=page, members=members) for page, members in candidates.items()]
    return Stretch(start=start, end=end, candidates=found)


def listed(one: Stretch, most: int) -> tuple[Sequence[tuple[int, int]], bool]:
    some = one.first(most)
    return list(zip(some.pages, some.places, strict=True)), some.is_cut


def test_without_pages_all_names_are_one_stretch() -> None:
    assert cut({}, 10, start=None, end=None) == [stretch(None, None, {})]


def test_pages_are_looked_at_until_they_have_enough() -> None:
    members = {1: 0b1000, 2: 0b0110, 3: 0, 4: 0b1000}
    assert cut(members, 3, start=None, end=None) == [
        stretch(None, "n3", {1: 0b1000, 2: 0b0110}),
        stretch("n3", None, {3: 0, 4: 0b1000}),
    ]
    assert [one.end for one in cut(members, 4, start=None, end=None)] == [None]


def test_a_page_that_nobody_gets_to_is_not_asked() -> None:
    asked: list[int] = []

    def members(page: Page) -> int:
        asked.append(page.id)
        return 0b1

    pages = [Page(id=number, first_name=f"n{number}", devices=1, members={}) for number in range(3)]
    next(stretches(pages, members, 1, start=None, end=None))
    assert asked == [0]


def test_a_part_of_the_pages_ends_where_the_next_part_begins() -> None:
    assert cut({2: 0b0001}, 1, start="n2", end="n3") == [
        stretch("n2", "n3", {2: 0b0001}),
        stretch("n3", "n3", {}),
    ]
    assert cut({}, 1, start="n2", end="n3") == [stretch("n2", "n3", {})]


def test_the_last_page_ends_with_the_last_name() -> None:
    [*_, last] = cut({1: 0, 2: 0b1111}, 1, start=None, end=None)
    assert listed(last, 4) == ([(2, 0), (2, 1), (2, 2), (2, 3)], False)


def test_candidates_come_in_the_order_of_pages_and_places_and_tell_whether_more_follow() -> None:
    one = stretch(None, None, {7: 0b1001, 8: 0, 9: 0b10})
    assert listed(one, 3) == ([(7, 0), (7, 3), (9, 1)], False)
    assert listed(one, 2) == ([(7, 0), (7, 3)], True)
    assert listed(one, 0) == ([], True)


def test_names_are_looked_at_in_their_places() -> None:
    assert named(0b1111, "pump\nvalve\nold pump\ntap", "pump") == 0b0101
    assert named(0b1110, "pump\nvalve\nold pump\ntap", "pump") == 0b0100
    assert named(0b1111, "", "pump") == 0
