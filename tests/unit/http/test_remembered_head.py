"""A head is recognised by its bytes, and only the digits of Content-Length may differ."""

from typing import cast

import pytest

from iotistic.http.passage import Acquaintance
from iotistic.http.remembered_head import remembered
from iotistic.telemetry import METRICS

HEAD = b"POST /x HTTP/1.1\r\nHost: x\r\ncontent-LENGTH: 5\r\nA: b\r\n\r\n"


def caller(idempotency_key: str | None = None) -> Acquaintance:
    return Acquaintance(
        scope={},
        platform=cast("object", None),  # type: ignore[arg-type]
        stream=METRICS,
        device_uuid=cast("object", None),  # type: ignore[arg-type]
        key=b"",
        address=None,
        route="",
        kind="metrics",
        is_secure=False,
        request_id=None,
        content_encoding=None,
        content_type=None,
        idempotency_key=idempotency_key,
    )


@pytest.mark.parametrize("size", [b"1", b"5", b"31072", b"9999999"])
def test_the_same_head_with_another_size_is_recognised(size: bytes) -> None:
    head = remembered(HEAD + b"12345", caller(), 5)
    assert head is not None
    data = HEAD.replace(b"5\r\n", size + b"\r\n")
    assert head.body_in(data + b"body") == (len(data), int(size))
    assert head.body_in(data) == (len(data), int(size))


@pytest.mark.parametrize(
    "data",
    [
        HEAD.replace(b"A: b", b"A: c"),
        HEAD.replace(b"Host: x", b"Host: y"),
        HEAD.replace(b"5\r\n", b"\r\n"),
        HEAD.replace(b"5\r\n", b"12345678\r\n"),
        HEAD.replace(b"5\r\n", b"-5\r\n"),
        HEAD.replace(b"5\r\n", b"+5\r\n"),
        HEAD.replace(b"5\r\n", b"5 \r\n"),
        HEAD.replace(b"5\r\n", b"5, 5\r\n"),
        HEAD.replace(b"5\r\n", b"5\r\nTransfer-Encoding: chunked\r\n"),
        HEAD[:-1],
        HEAD[:20],
        b"",
    ],
)
def test_any_other_head_is_for_the_parser(data: bytes) -> None:
    head = remembered(HEAD, caller(), 5)
    assert head is not None
    assert head.body_in(data) is None


@pytest.mark.parametrize(
    "data",
    [
        HEAD[:-2],
        HEAD.replace(b"A: b", b"Content-Length: 5"),
        HEAD.replace(b"content-LENGTH: 5", b"content-LENGTH: 6"),
        HEAD.replace(b"content-LENGTH: 5\r\n", b""),
        HEAD.replace(b"content-LENGTH: 5\r\n", b"content-LENGTH: 5\n"),
        HEAD.replace(b"A: b", b"A: " + b"b" * 5000),
    ],
)
def test_what_is_not_plain_is_not_remembered(data: bytes) -> None:
    assert remembered(data, caller(), 5) is None


def test_one_that_no_other_body_will_have_is_not_remembered() -> None:
    assert remembered(HEAD, caller("a key"), 5) is None
