"""Expressions over tags, as hypothesis makes them."""

from hypothesis import strategies as st

from iotistic.devices.tag_expression import And, Equals, Expression, Has, Not, OneOf, Or

__all__ = ["expressions"]

_words = st.one_of(
    st.sampled_from(["site", "hardware", "rack", "berlin", "bonn", "and", "not", "$", '"', "'", "\\", "a b"]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=5),
)


def expressions(words: st.SearchStrategy[str] = _words) -> st.SearchStrategy[Expression]:
    """Any expression; `words` are its keys and values."""
    leaves: st.SearchStrategy[Expression] = st.one_of(
        st.builds(Equals, key=words, value=words),
        st.builds(OneOf, key=words, values=st.lists(words, min_size=1, max_size=3).map(tuple)),
        st.builds(Has, key=words),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(Not, term=inner),
            st.builds(And, terms=st.lists(inner, min_size=2, max_size=3).map(tuple)),
            st.builds(Or, terms=st.lists(inner, min_size=2, max_size=3).map(tuple)),
        ),
        max_leaves=8,
    )
