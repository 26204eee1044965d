"""What a device has still to do, and the laws of it."""

from typing import Any

import pytest
from hypothesis import given

from iotistic.devices.shadow.delta import delta_of
from iotistic.devices.shadow.likeness import alike
from iotistic.devices.shadow.merge_patch import merged
from tests.support.documents import documents

Document = dict[str, Any]


@pytest.mark.parametrize(
    ("desired", "reported", "delta"),
    [
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {"a": 2}, {"a": 1}),
        ({}, {"a": 2}, {}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3, "d": 4}}, {"a": {"c": 2}}),
        ({"a": {"b": 1}}, {"a": 5}, {"a": {"b": 1}}),
        ({"a": 5}, {"a": {"b": 1}}, {"a": 5}),
        ({"a": [1, 2]}, {"a": [2, 1]}, {"a": [1, 2]}),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1}]}, {}),
        ({"a": {}}, {}, {"a": {}}),
        ({"a": {}}, {"a": {"b": 1}}, {}),
        ({"a": True}, {"a": 1}, {"a": True}),
        ({"a": False}, {"a": 0}, {"a": False}),
        ({"a": 1.0}, {"a": 1}, {}),
        ({"a": "1"}, {"a": 1}, {"a": "1"}),
    ],
)
def test_the_delta_is_what_is_desired_and_not_so(
    desired: Document, reported: Document, delta: Document
) -> None:
    assert alike(delta_of(desired, reported), delta)


@given(documents())
def test_a_device_that_reports_what_is_desired_has_nothing_to_do(document: Document) -> None:
    assert delta_of(document, document) == {}


@given(documents())
def test_a_device_that_reports_nothing_has_everything_to_do(document: Document) -> None:
    assert alike(delta_of(document, {}), document)


@given(documents(), documents())
def test_a_device_that_does_its_delta_is_done(desired: Document, reported: Document) -> None:
    assert delta_of(desired, merged(reported, delta_of(desired, reported))) == {}


@given(documents(), documents())
def test_nothing_is_in_a_delta_that_is_not_desired(desired: Document, reported: Document) -> None:
    assert alike(merged(desired, delta_of(desired, reported)), desired)


@given(documents(), documents(), documents())
def test_what_only_the_device_knows_of_is_no_matter(
    desired: Document, reported: Document, more: Document
) -> None:
    own = {f"own {name}": value for name, value in more.items()}
    assert alike(delta_of(desired, reported | own), delta_of(desired, reported))
