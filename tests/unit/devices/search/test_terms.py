"""What follows from bits is what the language says of each device."""

from hypothesis import given
from hypothesis import strategies as st

from iotistic.devices.search.terms import ANY_VALUE, Term, members_of, terms_of
from iotistic.devices.tag_expression import Expression, matches, parse_tag_expression
from tests.support.tag_expressions import expressions

WORDS = st.sampled_from(["a", "b", "c"])
DEVICES = st.lists(st.dictionaries(WORDS, WORDS), max_size=9)


def having(term: Term, devices: list[dict[str, str]]) -> int:
    return sum(
        1 << place
        for place, tags in enumerate(devices)
        if term.key in tags and (ANY_VALUE in term.values or tags[term.key] in term.values)
    )


@given(expression=expressions(WORDS), devices=DEVICES)
def test_bits_mean_what_the_language_means(expression: Expression, devices: list[dict[str, str]]) -> None:
    members = {term: having(term, devices) for term in terms_of(expression)}
    meant = members_of(expression, members, (1 << len(devices)) - 1)
    assert [bool(meant >> place & 1) for place in range(len(devices))] == [
        matches(expression, tags) for tags in devices
    ]


def test_an_empty_value_is_not_any_value() -> None:
    [term] = terms_of(parse_tag_expression("site=''"))
    assert term == Term(key="site", values=frozenset())
    [term] = terms_of(parse_tag_expression("has site"))
    assert term == Term(key="site", values=frozenset({ANY_VALUE}))
