"""Documents for properties: what a shadow may hold, and what may be sent to one."""

from typing import Any

from hypothesis import strategies as st

__all__ = ["documents", "patches"]

Document = dict[str, Any]

# Few names, so that two documents often have one in common.
NAMES = st.sampled_from(["a", "b", "c", "", "a/b", "~"])
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-3, 3),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5),
)
INSIDE_ARRAYS = st.recursive(
    SCALARS | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=4,
)
LEAVES = SCALARS | st.lists(INSIDE_ARRAYS, max_size=3)


def _objects(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Document]:
    inner = st.dictionaries(NAMES, leaves, max_size=4)
    for _ in range(3):
        inner = st.dictionaries(NAMES, leaves | inner, max_size=4)
    return inner


def documents() -> st.SearchStrategy[Document]:
    """What a half may be: no member of an object is null."""
    return _objects(LEAVES)


def patches() -> st.SearchStrategy[Document]:
    """What may be merged into one: null removes."""
    return _objects(LEAVES | st.none())
