import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotistic.agent.frames import Frame, pack, scan

RECORDS = st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=10)), max_size=6)


def packed(records: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(pack(payload, mark) for payload, mark in records)


def contents(frames: list[Frame]) -> list[tuple[bytes, bytes]]:
    return [(frame.payload, frame.mark) for frame in frames]


@settings(max_examples=60)
@given(RECORDS)
def test_what_is_packed_is_found_again(records: list[tuple[bytes, bytes]]) -> None:
    assert contents(list(scan(packed(records)))) == records


@settings(max_examples=60)
@given(RECORDS, st.data())
def test_a_cut_anywhere_costs_only_the_frame_it_goes_through(
    records: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    whole = packed(records)
    cut = data.draw(st.integers(0, len(whole)))
    survivors = [frame for frame in scan(whole) if frame.end <= cut]
    assert list(scan(whole[:cut])) == survivors


@settings(max_examples=60)
@given(RECORDS.filter(bool), st.data())
def test_a_changed_byte_never_passes_for_a_record(
    records: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    whole = bytearray(packed(records))
    place = data.draw(st.integers(0, len(whole) - 1))
    before = [frame for frame in scan(bytes(whole)) if frame.end <= place]
    whole[place] ^= data.draw(st.integers(1, 255))
    assert list(scan(bytes(whole))) == before


@settings(max_examples=60)
@given(RECORDS, st.integers(1, 64))
def test_a_tail_of_zeros_is_no_record(records: list[tuple[bytes, bytes]], zeros: int) -> None:
    assert contents(list(scan(packed(records) + bytes(zeros)))) == records


@pytest.mark.parametrize(("payload", "mark"), [(0, 2**16), (2**24 - 1, 0), (2**24 - 3, 2)])
def test_what_no_reader_would_take_is_not_packed(payload: int, mark: int) -> None:
    with pytest.raises(ValueError, match="too large"):
        pack(bytes(payload), bytes(mark))


def test_the_largest_record_is_found_again() -> None:
    assert [len(frame.payload) for frame in scan(pack(bytes(2**24 - 2 - 3), b"abc"))] == [2**24 - 5]


def test_a_length_beyond_reason_ends_the_scan() -> None:
    assert list(scan(b"\xff\xff\xff\x7f" + bytes(100))) == []
