import gzip
import sys
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from iotistic.telemetry import BodyInvalid, BodyTooLarge, EncodingUnsupported
from iotistic.telemetry.wire.body import is_ndjson, unpacked

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIMIT = 100


@pytest.mark.parametrize("encoding", [None, "", "identity", " Identity "])
def test_a_body_that_is_not_packed_stays_as_it_is(encoding: str | None) -> None:
    assert unpacked(b"plain", encoding, LIMIT) == b"plain"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP"])
def test_gzip_is_unpacked_also_in_several_pieces(encoding: str) -> None:
    assert unpacked(gzip.compress(b"one") + gzip.compress(b"two"), encoding, LIMIT) == b"onetwo"


def test_zstd_is_unpacked_also_in_several_pieces() -> None:
    assert unpacked(zstd.compress(b"one") + zstd.compress(b"two"), "zstd", LIMIT) == b"onetwo"


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_a_bomb_is_refused_before_it_takes_memory(pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(bytes(256 << 20))
    assert len(bomb) < 1 << 20
    limit = 8 << 20
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            unpacked(bomb, "zstd" if pack is zstd.compress else "gzip", limit)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * limit


@pytest.mark.parametrize(("wide", "is_fine"), [(23, True), (24, False)])
def test_a_zstd_stream_may_not_make_us_remember_more_than_8_mib(*, wide: int, is_fine: bool) -> None:
    machine = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: wide})
    packed = machine.compress(b"x" * LIMIT) + machine.flush()
    if is_fine:
        assert unpacked(packed, "zstd", LIMIT) == b"x" * LIMIT
    else:
        with pytest.raises(BodyInvalid):
            unpacked(packed, "zstd", LIMIT)


def test_deflate_is_unpacked() -> None:
    assert unpacked(zlib.compress(b"one"), "deflate", LIMIT) == b"one"


def test_a_body_may_unpack_to_the_limit_and_not_beyond_not_even_in_pieces() -> None:
    assert len(unpacked(gzip.compress(b"x" * LIMIT), "gzip", LIMIT)) == LIMIT
    half = gzip.compress(b"x" * (LIMIT // 2))
    assert len(unpacked(half + half, "gzip", LIMIT)) == LIMIT
    for body in (gzip.compress(b"x" * (LIMIT + 1)), half + half + gzip.compress(b"x")):
        with pytest.raises(BodyTooLarge):
            unpacked(body, "gzip", LIMIT)


def test_thousands_of_empty_pieces_are_no_body() -> None:
    with pytest.raises(BodyInvalid):
        unpacked(gzip.compress(b"") * 1_000, "gzip", LIMIT)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"plain", "gzip"),
        (gzip.compress(b"cut off", mtime=0)[:-1], "gzip"),
        (gzip.compress(b"x", mtime=0) + b"rest", "gzip"),
        (b"plain", "zstd"),
        (zstd.compress(b"cut off")[:-1], "zstd"),
        (zstd.compress(b"x") + b"rest", "zstd"),
        (gzip.compress(b"x", mtime=0), "zstd"),
    ],
)
def test_what_is_no_packed_stream_is_invalid(body: bytes, encoding: str) -> None:
    with pytest.raises(BodyInvalid):
        unpacked(body, encoding, LIMIT)


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip"])
def test_another_encoding_is_named(encoding: str) -> None:
    with pytest.raises(EncodingUnsupported, match=encoding):
        unpacked(b"", encoding, LIMIT)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (None, False),
        ("", False),
        ("application/json", False),
        ("application/json; charset=utf-8", False),
        ("application/vnd.iotistic+json", False),
        ("application/x-ndjson", True),
        ("Application/NDJSON; charset=utf-8", True),
    ],
)
def test_lines_are_told_by_the_content_type(kind: str | None, answer: bool) -> None:
    assert is_ndjson(kind) is answer


def test_a_type_that_is_no_json_is_refused() -> None:
    with pytest.raises(EncodingUnsupported, match="text/csv"):
        is_ndjson("text/csv")
