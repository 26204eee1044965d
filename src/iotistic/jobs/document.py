"""What a device is to do: steps, each an action with its arguments, and how long they may take. Pure.

The platform knows no list of actions: what a device can do is its own affair, and one that does not know an action rejects the
job. The actions of this project's agent are in docs/jobs.md.
"""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, TypeGuard

import msgspec

from iotistic.jobs.errors import JobDocumentInvalid, JobDocumentTooLarge

__all__ = ["LARGEST", "MOST_STEPS", "JobDocument", "Step", "document_to_json", "parse_document"]

LARGEST = 32 * 1024
"""Bytes as compact JSON in UTF-8."""
MOST_STEPS = 50
LONGEST = timedelta(days=7)

_Action = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,49}\Z")]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Seconds = Annotated[int, msgspec.Meta(ge=1, le=int(LONGEST.total_seconds()))]

_MEMBERS = ("steps", "timeout_seconds")
_STEP_MEMBERS = ("action", "name", "arguments", "timeout_seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to be done."""

    action: _Action
    """A lower-case word that the device knows."""
    name: _Name | None = None
    """What people call the step."""
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    timeout_seconds: _Seconds | None = None
    """How long it may take; as long as the whole when None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDocument:
    """All of it."""

    steps: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1, max_length=MOST_STEPS)]
    timeout_seconds: _Seconds = 3600
    """How long one attempt may take from its claim to its report."""


def parse_document(value: object) -> JobDocument:
    """The document in a JSON value. Raises JobDocumentInvalid, which says where, or JobDocumentTooLarge."""
    document = _converted(value)
    text = _encoded(document)
    if len(text) > LARGEST:
        raise JobDocumentTooLarge(
            f"The document has {len(text)} bytes; a job holds {LARGEST}.",
            hint="Keep large things elsewhere and their address here.",
            size=len(text),
            limit=LARGEST,
        )
    return document


def document_to_json(document: JobDocument) -> dict[str, Any]:
    """The document as plain values, without what is left out."""
    steps = [
        {name: value for name, value in _step(step).items() if value is not None} for step in document.steps
    ]
    return {"steps": steps, "timeout_seconds": document.timeout_seconds}


def _step(step: Step) -> dict[str, Any]:
    return {
        "action": step.action,
        "name": step.name,
        "arguments": step.arguments,
        "timeout_seconds": step.timeout_seconds,
    }


def _converted(value: object) -> JobDocument:
    _refuse_unknown(value)
    try:
        return msgspec.convert(value, JobDocument)
    except (msgspec.ValidationError, RecursionError) as error:
        raise JobDocumentInvalid(
            f"The document of a job cannot stand: {str(error)[:300]}.",
            hint='Write {"steps": [{"action": "echo", "arguments": {"text": "hello"}}], "timeout_seconds": 60}.',
            field="body.document",
        ) from error


def _refuse_unknown(value: object) -> None:
    """What is converted may have members that a dataclass lacks; a misspelt timeout would be no timeout."""
    if not _is_object(value):
        return
    steps = value.get("steps")
    odd = [name for name in value if name not in _MEMBERS]
    for number, step in enumerate(steps if _is_array(steps) else ()):
        if _is_object(step):
            odd += [f"steps[{number}].{name}" for name in step if name not in _STEP_MEMBERS]
    if odd:
        raise JobDocumentInvalid(
            f"The document of a job has no member {odd[0][:100]!r}.",
            hint=f"A document has {' and '.join(_MEMBERS)}; a step has {', '.join(_STEP_MEMBERS)}.",
            field="body.document",
        )


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether it is a JSON object."""
    return isinstance(value, dict)


def _is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether it is a JSON array."""
    return isinstance(value, list)


def _encoded(document: JobDocument) -> bytes:
    try:
        text = json.dumps(
            document_to_json(document), separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        encoded = text.encode()
    except (ValueError, RecursionError) as error:
        raise JobDocumentInvalid(
            "The document of a job holds a number or text that JSON cannot.", field="body.document"
        ) from error
    if r"\u0000" in text:
        raise JobDocumentInvalid("A text in the document holds a NUL character.", field="body.document")
    return encoded
