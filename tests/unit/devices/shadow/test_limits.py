import json
from typing import Any

import pytest
from hypothesis import given

from iotistic.devices.shadow import DocumentInvalid, DocumentTooLarge
from iotistic.devices.shadow.codec import decode, encode
from iotistic.devices.shadow.likeness import alike
from iotistic.devices.shadow.limits import DEEPEST, LARGEST, admitted, sized
from tests.support.documents import patches

Document = dict[str, Any]


def nested(levels: int, *, innermost: object = 1) -> Document:
    """An object `levels` deep."""
    inner = innermost
    for _ in range(levels):
        inner = {"a": inner}
    assert isinstance(inner, dict)
    return inner


def of_size(size: int, character: str = "x") -> Document:
    room = size - len('{"a":""}')
    return {"a": character * (room // len(character.encode()))}


def test_a_document_may_be_eight_deep() -> None:
    assert admitted(nested(DEEPEST)) == nested(DEEPEST)


@pytest.mark.parametrize("innermost", [{}, []])
def test_a_document_may_not_be_nine_deep(innermost: object) -> None:
    admitted(nested(DEEPEST - 1, innermost=innermost))
    with pytest.raises(DocumentInvalid, match="deeper than 8"):
        admitted(nested(DEEPEST, innermost=innermost))


def test_a_document_without_end_is_refused_and_breaks_nothing() -> None:
    with pytest.raises(DocumentInvalid):
        admitted(nested(900))


@pytest.mark.parametrize("character", ["x", "é", "€"])
def test_a_half_may_have_32_kib_of_utf_8(character: str) -> None:
    width = len(character.encode())
    largest = of_size(LARGEST, character)
    assert LARGEST - width < len(encode(largest).encode()) <= LARGEST
    assert sized(largest) is largest
    with pytest.raises(DocumentTooLarge) as caught:
        sized(of_size(LARGEST + width, character))
    assert caught.value.facts["limit"] == LARGEST


@pytest.mark.parametrize("number", [-(2**63), 2**64 - 1, 0, 1.5, 1e300, 5e-324, -1e22])
def test_a_number_is_kept(number: float) -> None:
    assert admitted({"a": number}) == {"a": number}


@pytest.mark.parametrize("number", [-(2**63) - 1, 2**64, float("nan"), float("inf"), float("-inf")])
def test_a_number_that_would_come_back_as_another_is_refused(number: float) -> None:
    with pytest.raises(DocumentInvalid, match="at /a/1"):
        admitted({"a": [0, number]})


def test_a_whole_number_has_one_form() -> None:
    assert encode(admitted({"a": 1.0, "b": -0.0, "c": 1e3})) == '{"a":1,"b":0,"c":1000}'


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x\udfff"])
@pytest.mark.parametrize("place", ["value", "name", "deep"])
def test_a_text_that_cannot_be_stored_is_refused(text: str, place: str) -> None:
    document = {"value": {"a": text}, "name": {text: 1}, "deep": {"a": [{text: {}}]}}[place]
    with pytest.raises(DocumentInvalid) as caught:
        admitted(document)
    caught.value.message.encode()


@given(patches())
def test_what_is_admitted_is_the_same_document(patch: Document) -> None:
    assert alike(admitted(patch), patch)


@given(patches())
def test_what_is_written_is_read_again(patch: Document) -> None:
    document = admitted(patch)
    assert encode(decode(encode(document))) == encode(document)


def test_a_number_that_postgresql_writes_out_is_read_as_it_was() -> None:
    assert decode(json.dumps({"a": 10**300})) == {"a": 1e300}
