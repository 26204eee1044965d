from typing import Any

from hypothesis import given

from iotistic.devices.shadow.difference import Change, difference_of
from iotistic.devices.shadow.likeness import alike
from iotistic.devices.shadow.merge_patch import merged
from tests.support.documents import documents

Document = dict[str, Any]


def test_every_member_that_differs_is_named() -> None:
    old = {"same": 1, "gone": [1], "net": {"mtu": 1500, "a/b~": 1}}
    new = {"same": 1, "net": {"mtu": 1400, "a/b~": 2}, "new": {"x": 1}}
    found = difference_of(old, new)
    assert found.changes == (
        Change(path="/gone", kind="removed", before=[1], after=None),
        Change(path="/net/a~1b~0", kind="changed", before=1, after=2),
        Change(path="/net/mtu", kind="changed", before=1500, after=1400),
        Change(path="/new", kind="added", before=None, after={"x": 1}),
    )
    assert found.patch == {"gone": None, "net": {"mtu": 1400, "a/b~": 2}, "new": {"x": 1}}


@given(documents(), documents())
def test_the_patch_of_a_difference_makes_the_one_the_other(old: Document, new: Document) -> None:
    assert alike(merged(old, difference_of(old, new).patch), new)


@given(documents(), documents())
def test_there_and_back_are_the_same_places(old: Document, new: Document) -> None:
    there, back = difference_of(old, new).changes, difference_of(new, old).changes
    assert [change.path for change in there] == [change.path for change in back]


@given(documents(), documents())
def test_only_the_same_documents_have_no_changes(old: Document, new: Document) -> None:
    assert (not difference_of(old, new).changes) is alike(old, new)
