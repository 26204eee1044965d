"""What a device says of an attempt, cut to what is kept of it. Pure."""

import json
from dataclasses import dataclass
from typing import Any

__all__ = ["LARGEST_RESULT", "LONGEST_OUTPUT", "Output", "kept_output", "kept_result"]

LONGEST_OUTPUT = 16 * 1024
"""Bytes in UTF-8 that are kept of an output."""
_HEAD = 4 * 1024
"""Of a longer one: how it began; the rest of the room is for how it ended, which is where errors stand."""
LARGEST_RESULT = 8 * 1024
"""Bytes of a result as compact JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """An output as it is kept."""

    text: str
    bytes: int
    """How long it was as it came."""


def kept_output(text: str | None) -> Output | None:
    """The output, or its beginning and end around a mark that says how much is missing. NUL becomes U+FFFD."""
    if text is None:
        return None
    raw = text.replace("\0", "\ufffd").encode("utf-8", "replace")
    if len(raw) <= LONGEST_OUTPUT:
        return Output(text=raw.decode(), bytes=len(raw))
    head, tail = raw[:_HEAD], raw[-(LONGEST_OUTPUT - _HEAD) :]
    missing = len(raw) - len(head) - len(tail)
    mark = f"\n[... {missing} of {len(raw)} bytes left out ...]\n"
    return Output(text=head.decode("utf-8", "ignore") + mark + tail.decode("utf-8", "ignore"), bytes=len(raw))


def kept_result(result: dict[str, Any] | None) -> dict[str, Any] | None:
    """The result, or in place of a larger one a mark with its size."""
    if result is None:
        return None
    size = len(json.dumps(result, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"))
    if size <= LARGEST_RESULT:
        return result
    return {"left_out": {"bytes": size, "limit": LARGEST_RESULT}}
