"""The examples of RFC 7396 whose target and patch are objects, and the laws every merge obeys."""

import copy
from typing import Any

import pytest
from hypothesis import given

from iotistic.devices.shadow.likeness import alike
from iotistic.devices.shadow.merge_patch import merged, patch_between
from tests.support.documents import documents, patches

Document = dict[str, Any]


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": 1}, {"a": {"b": 2}}, {"a": {"b": 2}}),
        ({"a": [1, 2]}, {"a": [None]}, {"a": [None]}),
    ],
)
def test_it_merges_as_the_rfc_does(target: Document, patch: Document, result: Document) -> None:
    assert merged(target, patch) == result


@given(documents(), patches())
def test_a_patch_merged_twice_is_merged_once(document: Document, patch: Document) -> None:
    once = merged(document, patch)
    assert alike(merged(once, patch), once)


@given(documents(), patches())
def test_no_member_of_a_result_is_null(document: Document, patch: Document) -> None:
    def nulls(value: object) -> bool:
        return isinstance(value, dict) and any(part is None or nulls(part) for part in value.values())

    assert not nulls(merged(document, patch))


@given(documents())
def test_an_empty_patch_changes_nothing(document: Document) -> None:
    assert alike(merged(document, {}), document)


@given(documents())
def test_a_document_merged_into_nothing_is_itself(document: Document) -> None:
    assert alike(merged({}, document), document)


@given(documents(), documents())
def test_the_patch_between_two_leads_from_the_one_to_the_other(old: Document, new: Document) -> None:
    assert alike(merged(old, patch_between(old, new)), new)


@given(documents(), documents())
def test_the_patch_between_two_is_empty_only_for_the_same(old: Document, new: Document) -> None:
    assert (not patch_between(old, new)) is alike(old, new)


@given(documents(), patches(), patches())
def test_two_patches_in_a_row_are_the_second_merged_into_the_first_where_they_are_apart(
    document: Document, first: Document, second: Document
) -> None:
    apart = {f"x{name}": value for name, value in second.items()}
    assert alike(merged(merged(document, first), apart), merged(merged(document, apart), first))


@given(documents(), patches())
def test_merging_changes_neither_of_the_two(document: Document, patch: Document) -> None:
    before = copy.deepcopy((document, patch))
    merged(document, patch)
    assert (document, patch) == before
