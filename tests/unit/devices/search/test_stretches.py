"""In which steps a list looks at pages."""

from iotistic.devices.search.stretches import Page, Stretch, stretches
from iotistic.devices.search.terms import Term
from iotistic.devices.tag_expression import parse_tag_expression

SITE = Term(key="site", values=frozenset({"oslo"}))
OSLO = parse_tag_expression("site=oslo")


def page(number: int, members: int) -> Page:
    return Page(id=number, first_name=f"n{number}", devices=4, members={SITE: members} if members else {})


def test_without_pages_all_names_are_one_stretch() -> None:
    assert list(stretches([], OSLO, 10, start=None, end=None)) == [
        Stretch(start=None, end=None, pages=[], places=[])
    ]


def test_pages_are_looked_at_until_they_have_enough() -> None:
    pages = [page(1, 0b1000), page(2, 0b0110), page(3, 0), page(4, 0b1000)]
    assert list(stretches(pages, OSLO, 3, start=None, end=None)) == [
        Stretch(start=None, end="n3", pages=[1, 2, 2], places=[3, 1, 2]),
        Stretch(start="n3", end=None, pages=[4], places=[3]),
    ]
    assert [one.end for one in stretches(pages, OSLO, 4, start=None, end=None)] == [None]


def test_a_part_of_the_pages_ends_where_the_next_part_begins() -> None:
    assert list(stretches([page(2, 0b0001)], OSLO, 1, start="n2", end="n3")) == [
        Stretch(start="n2", end="n3", pages=[2], places=[0]),
        Stretch(start="n3", end="n3", pages=[], places=[]),
    ]
    assert list(stretches([], OSLO, 1, start="n2", end="n3")) == [
        Stretch(start="n2", end="n3", pages=[], places=[])
    ]


def test_what_nobody_is_meant_by_is_one_stretch_without_places() -> None:
    pages = [page(1, 0), page(2, 0)]
    assert list(stretches(pages, OSLO, 1, start=None, end=None)) == [
        Stretch(start=None, end=None, pages=[], places=[])
    ]


def test_the_last_page_ends_with_the_last_name() -> None:
    [*_, last] = stretches([page(1, 0), page(2, 0b1111)], OSLO, 1, start=None, end=None)
    assert last == Stretch(start=None, end=None, pages=[2, 2, 2, 2], places=[0, 1, 2, 3])
