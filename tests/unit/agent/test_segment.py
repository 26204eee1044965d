from pathlib import Path

import pytest

from iotistic.agent.frames import pack
from iotistic.agent.segment import Segment


def segment_with(path: Path, *payloads: bytes) -> Segment:
    segment = Segment.create(path, 1)
    segment.append(b"".join(pack(payload, b"m" + payload[:200]) for payload in payloads), len(payloads))
    return segment


def payloads(segment: Segment, **limits: int) -> list[bytes]:
    frames = segment.read(
        most_bytes=limits.get("most_bytes", 1000), most_records=limits.get("most_records", 100)
    )
    return [frame.payload for frame in frames]


def test_a_file_cut_at_any_byte_keeps_every_record_before_the_cut(tmp_path: Path) -> None:
    sizes = [0, 1, 30, 7, 200, 3]
    written = [bytes([number]) * size for number, size in enumerate(sizes, 65)]
    path = tmp_path / "whole"
    segment = segment_with(path, *written)
    ends = [frame.end for frame in segment.read(most_bytes=10_000, most_records=100)]
    whole = path.read_bytes()
    segment.seal()
    for cut in range(len(whole) + 1):
        torn = tmp_path / "torn"
        torn.write_bytes(whole[:cut])
        found = Segment.recover(torn, 1)
        survivors = [payload for payload, end in zip(written, ends, strict=True) if end <= cut]
        assert payloads(found.segment, most_bytes=10_000) == survivors
        assert found.segment.pending == len(survivors)
        assert found.last_mark == (b"m" + survivors[-1] if survivors else None)
        assert torn.stat().st_size <= cut


def test_what_was_delivered_is_known_after_a_restart(tmp_path: Path) -> None:
    segment = segment_with(tmp_path / "s", b"one", b"two", b"three")
    first = segment.read(most_bytes=1000, most_records=1)
    segment.acknowledge(first[-1].end, 1)
    segment.seal()
    again = Segment.recover(tmp_path / "s", 1).segment
    assert payloads(again) == [b"two", b"three"]
    assert again.pending == 2


def test_a_sealed_segment_can_be_acknowledged(tmp_path: Path) -> None:
    segment = segment_with(tmp_path / "s", b"one", b"two")
    segment.seal()
    segment.acknowledge(segment.read(most_bytes=1000, most_records=1)[0].end, 1)
    assert payloads(Segment.recover(tmp_path / "s", 1).segment) == [b"two"]


@pytest.mark.parametrize("place", range(20))
def test_a_damaged_header_means_nothing_was_delivered(tmp_path: Path, place: int) -> None:
    segment = segment_with(tmp_path / "s", b"one", b"two")
    segment.acknowledge(segment.read(most_bytes=1000, most_records=1)[0].end, 1)
    segment.seal()
    content = bytearray((tmp_path / "s").read_bytes())
    content[place] ^= 0xFF
    (tmp_path / "s").write_bytes(content)
    assert payloads(Segment.recover(tmp_path / "s", 1).segment) == [b"one", b"two"]


def test_a_read_stops_at_its_limits_but_gives_at_least_one(tmp_path: Path) -> None:
    segment = segment_with(tmp_path / "s", b"a" * 100, b"b" * 100, b"c" * 100)
    assert len(payloads(segment, most_bytes=200)) == 2
    assert len(payloads(segment, most_bytes=199)) == 1
    assert len(payloads(segment, most_records=2)) == 2
    assert len(payloads(segment, most_bytes=1)) == 1


def test_a_record_larger_than_a_read_is_read_whole(tmp_path: Path) -> None:
    large = b"x" * 200_000
    assert payloads(segment_with(tmp_path / "s", large, b"next"), most_bytes=10) == [large]


def test_a_sealed_segment_takes_nothing_more(tmp_path: Path) -> None:
    segment = segment_with(tmp_path / "s", b"one")
    segment.seal()
    with pytest.raises(ValueError, match="sealed"):
        segment.append(pack(b"two"), 1)
