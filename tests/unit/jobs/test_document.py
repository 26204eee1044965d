"""What a job's document may be."""

from typing import Any

import pytest

from iotistic.jobs.document import LARGEST, MOST_STEPS, document_to_json, parse_document
from iotistic.jobs.errors import JobDocumentInvalid, JobDocumentTooLarge

ECHO = {"action": "echo", "arguments": {"text": "hello"}}


def test_a_document_comes_back_as_it_was() -> None:
    whole = {
        "steps": [
            ECHO,
            {"action": "wait", "name": "a while", "arguments": {"seconds": 1.5}, "timeout_seconds": 9},
        ],
        "timeout_seconds": 60,
    }
    document = parse_document(whole)
    assert document_to_json(document) == whole
    assert parse_document(document_to_json(document)) == document


def test_what_is_left_out_has_a_default() -> None:
    [step] = parse_document({"steps": [{"action": "echo"}]}).steps
    assert (step.arguments, step.timeout_seconds) == ({}, None)
    assert parse_document({"steps": [ECHO]}).timeout_seconds == 3600


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([], "Expected"),
        ({}, "steps"),
        ({"steps": []}, "length"),
        ({"steps": [ECHO] * (MOST_STEPS + 1)}, "length"),
        ({"steps": [{}]}, "action"),
        ({"steps": [{"action": "rm -rf"}]}, r"steps\[0\]"),
        ({"steps": [{"action": "Echo"}]}, r"steps\[0\]"),
        ({"steps": [{"action": "echo\n"}]}, r"steps\[0\]"),
        ({"steps": [{"action": "echo", "timeout": 5}]}, r"steps\[0\]\.timeout"),
        ({"steps": [ECHO], "timeout": 5}, "timeout"),
        ({"steps": [ECHO], "timeout_seconds": 0}, "timeout_seconds"),
        ({"steps": [ECHO], "timeout_seconds": 7 * 86400 + 1}, "timeout_seconds"),
        ({"steps": [ECHO], "timeout_seconds": "60"}, "timeout_seconds"),
        ({"steps": [{"action": "echo", "arguments": {"x": float("nan")}}]}, "number"),
        ({"steps": [{"action": "echo", "arguments": {"x": "a\0b"}}]}, "NUL"),
        ({"steps": [{"action": "echo", "arguments": {"x": "\ud800"}}]}, "text"),
    ],
)
def test_what_no_device_could_follow_is_refused_with_its_place(value: Any, told: str) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(JobDocumentInvalid, match=told):
        parse_document(value)


def test_the_bounds_themselves_are_taken() -> None:
    parse_document({"steps": [ECHO] * MOST_STEPS, "timeout_seconds": 7 * 86400})
    empty = len('{"steps":[{"action":"echo","arguments":{"text":""}}],"timeout_seconds":3600}')
    text = "x" * (LARGEST - empty)
    parse_document({"steps": [{"action": "echo", "arguments": {"text": text}}]})
    with pytest.raises(JobDocumentTooLarge):
        parse_document({"steps": [{"action": "echo", "arguments": {"text": text + "x"}}]})
