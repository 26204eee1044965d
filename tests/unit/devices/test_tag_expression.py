"""The language in which people say which devices they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.devices.tag_expression import (
    DEEPEST,
    LONGEST,
    MOST_TERMS,
    And,
    Equals,
    Expression,
    Has,
    Not,
    OneOf,
    Or,
    TagExpressionInvalid,
    matches,
    parse_tag_expression,
    render,
)
from tests.support.tag_expressions import expressions

SITE = Equals(key="site", value="berlin")
RPI3 = Equals(key="hardware", value="rpi3")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("site=berlin", SITE),
        (" site == berlin ", SITE),
        ("'site'=\"berlin\"", SITE),
        ("site!=berlin", Not(term=SITE)),
        ("not site=berlin", Not(term=SITE)),
        ("NOT NOT site=berlin", Not(term=Not(term=SITE))),
        ("((site=berlin))", SITE),
        ("site=berlin and hardware!=rpi3", And(terms=(SITE, Not(term=RPI3)))),
        ("site=berlin or site=berlin and hardware=rpi3", Or(terms=(SITE, And(terms=(SITE, RPI3))))),
        ("(site=berlin or site=berlin) and hardware=rpi3", And(terms=(Or(terms=(SITE, SITE)), RPI3))),
        ("not site=berlin and hardware=rpi3", And(terms=(Not(term=SITE), RPI3))),
        ("site in (berlin)", OneOf(key="site", values=("berlin",))),
        ("site in (berlin, 'new york')", OneOf(key="site", values=("berlin", "new york"))),
        ("site not in (a,b)", Not(term=OneOf(key="site", values=("a", "b")))),
        ("has site", Has(key="site")),
        ("hw.model=a:b/c@d+e-1", Equals(key="hw.model", value="a:b/c@d+e-1")),
        ("site='it\\'s \\\\ \"x\"'", Equals(key="site", value='it\'s \\ "x"')),
        ("'and'='or'", Equals(key="and", value="or")),
        ("größe=ü", Equals(key="größe", value="ü")),
    ],
)
def test_a_text_means(text: str, meant: Expression) -> None:
    assert parse_tag_expression(text) == meant


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 1, "expected a key"),
        ("   ", 4, "expected a key"),
        ("site", 5, "expected `=`, `!=`, `in` or `not in`, found the end"),
        ("site=", 6, "expected a value, found the end"),
        ("site=berlin hardware=rpi3", 13, "expected `and`, `or` or the end, found 'hardware'"),
        ("site=berlin and", 16, "expected a key"),
        ("(site=berlin", 13, "expected `)`"),
        ("site=berlin)", 12, "expected `and`, `or` or the end"),
        ("site in berlin", 9, "expected `(`"),
        ("site in (a b)", 12, "expected `,` or `)`"),
        ("site in ()", 10, "expected a value"),
        ("site not berlin", 10, "expected `in`"),
        ("has", 4, "expected a key"),
        ("and=x", 1, "found the word `and`; quote it"),
        ("site=or", 6, "found the word `or`; quote it"),
        ("site='berlin", 6, "never closed"),
        ("site=a;b", 7, "';' means nothing here"),
        ("site>3", 5, "'>' means nothing here"),
        ("site='a\0'", 6, "NUL"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_place(text: str, position: int, expected: str) -> None:
    with pytest.raises(TagExpressionInvalid) as caught:
        parse_tag_expression(text)
    assert caught.value.facts["position"] == position
    assert caught.value.message.startswith(f"At character {position} ")
    assert expected in caught.value.message


def test_a_text_has_its_longest() -> None:
    start = "site="
    assert parse_tag_expression(start + "x" * (LONGEST - len(start)))
    with pytest.raises(TagExpressionInvalid, match="longer"):
        parse_tag_expression(start + "x" * (LONGEST - len(start) + 1))


@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("not ", "")])
def test_nesting_has_its_deepest(opening: str, closing: str) -> None:
    assert parse_tag_expression(opening * DEEPEST + "a=b" + closing * DEEPEST)
    with pytest.raises(TagExpressionInvalid, match="deeper"):
        parse_tag_expression(opening * (DEEPEST + 1) + "a=b" + closing * (DEEPEST + 1))


def test_conditions_have_their_number() -> None:
    assert parse_tag_expression(" or ".join(["a=b"] * MOST_TERMS))
    with pytest.raises(TagExpressionInvalid, match="more than 200 conditions"):
        parse_tag_expression(" or ".join(["a=b"] * (MOST_TERMS + 1)))


def test_a_device_without_the_tag_is_meant_by_what_it_is_not() -> None:
    for text in ("site!=berlin", "site not in (berlin)", "not has site"):
        assert matches(parse_tag_expression(text), {})
    for text in ("site=berlin", "site in (berlin)", "has site"):
        assert not matches(parse_tag_expression(text), {})


@given(expressions())
def test_an_expression_survives_its_text(expression: Expression) -> None:
    assert parse_tag_expression(render(expression)) == expression


def refusal(text: str) -> TagExpressionInvalid | None:
    try:
        parse_tag_expression(text)
    except TagExpressionInvalid as refused:
        return refused
    return None


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    refused = refusal(text)
    assert refused is None or refused.message


@given(
    st.lists(
        st.sampled_from(["and", "or", "not", "has", "in", "(", ")", ",", "=", "!=", "a", "'b c'"]),
        max_size=12,
    )
)
def test_any_words_are_read_or_refused_within_the_text(words: list[str]) -> None:
    text = " ".join(words)
    refused = refusal(text)
    assert refused is None or 1 <= int(str(refused.facts["position"])) <= len(text) + 1
