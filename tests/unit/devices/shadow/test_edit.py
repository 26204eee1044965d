"""The laws of versions, without a database."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.devices.shadow import DocumentTooLarge, State, VersionConflict
from iotistic.devices.shadow.edit import Edit, apply_edit, require_version
from iotistic.devices.shadow.likeness import alike
from iotistic.devices.shadow.limits import LARGEST
from tests.support.documents import documents, patches

Document = dict[str, Any]

EDITS = st.one_of(
    patches().map(lambda patch: Edit(cause="patch", content=patch)),
    patches().map(lambda document: Edit(cause="replace", content=document)),
    documents().map(lambda document: Edit(cause="rollback", content=document, restored_version=0)),
)


def at(version: int, document: Document) -> State:
    return State(version=version, document=document, changed_at=None)


@given(documents(), EDITS)
def test_an_edit_done_again_changes_nothing(document: Document, edit: Edit) -> None:
    after = apply_edit(at(3, document), edit)
    assert apply_edit(at(4, document if after is None else after), edit) is None


@given(documents(), EDITS)
def test_a_new_version_is_another_document(document: Document, edit: Edit) -> None:
    after = apply_edit(at(3, document), edit)
    assert after is None or not alike(after, document)


@given(documents(), documents())
def test_a_replacement_leaves_nothing_of_what_was(old: Document, new: Document) -> None:
    after = apply_edit(at(3, old), Edit(cause="replace", content=new))
    assert alike(old if after is None else after, new)


@given(documents(), documents())
def test_going_back_undoes(old: Document, new: Document) -> None:
    there = apply_edit(at(3, old), Edit(cause="replace", content=new))
    back = apply_edit(at(4, new), Edit(cause="rollback", content=old, restored_version=3))
    assert there is None or (back is not None and alike(back, old))


def test_what_is_too_large_only_together_is_refused_and_what_makes_it_smaller_is_not() -> None:
    half = "x" * (LARGEST // 2)
    with pytest.raises(DocumentTooLarge):
        apply_edit(at(1, {"a": half}), Edit(cause="patch", content={"b": half}))
    assert apply_edit(at(1, {"a": half}), Edit(cause="patch", content={"a": None, "b": half})) == {"b": half}


@pytest.mark.parametrize("expected", [None, {3}, {1, 3}])
def test_who_built_on_the_present_version_may_write(expected: set[int] | None) -> None:
    require_version(at(3, {}), expected)


@pytest.mark.parametrize("expected", [set[int](), {2}, {4}, {0}])
def test_who_built_on_another_is_told_the_present_one(expected: set[int]) -> None:
    with pytest.raises(VersionConflict) as caught:
        require_version(at(3, {}), expected)
    assert caught.value.facts["current_version"] == 3
