import struct
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotistic.telemetry.wire.copy_format import LogPacker, MetricPacker

DEVICE = uuid4().bytes
stamps = st.integers(-(2**63), 2**63 - 1)
numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)


def plainly(series_id: int, metric_set_id: int, stamp: int, values: list[float]) -> bytes:
    """The row as the manual describes it, field by field."""
    array = struct.pack("!iiiii", 1, 0, 701, len(values), 1)
    array += b"".join(struct.pack("!id", 8, value) for value in values)
    return (
        struct.pack("!h", 5)
        + struct.pack("!i", 16)
        + DEVICE
        + struct.pack("!iq", 8, stamp)
        + struct.pack("!ii", 4, series_id)
        + struct.pack("!ii", 4, metric_set_id)
        + struct.pack("!i", len(array))
        + array
    )


@settings(suppress_health_check=[HealthCheck.too_slow])  # its first example takes a second on a busy machine
@given(
    st.integers(1, 2**31 - 1),
    st.integers(1, 2**31 - 1),
    st.integers(1, 40).flatmap(
        lambda size: st.lists(
            st.tuples(stamps, st.lists(numbers, min_size=size, max_size=size)), min_size=1, max_size=5
        )
    ),
)
def test_a_block_is_what_field_by_field_packing_gives(
    series_id: int, metric_set_id: int, rows: list[tuple[int, list[float]]]
) -> None:
    packer = MetricPacker(metric_set_id, len(rows[0][1]))
    block = packer.block([packer.pack(DEVICE, stamp, series_id, *values) for stamp, values in rows])
    expected = [plainly(series_id, metric_set_id, stamp, values) for stamp, values in rows]
    assert block == b"".join(expected)
    cuts = packer.cuts(len(rows))
    assert [block[cuts[one] : cuts[one + 1]] for one in range(len(rows))] == expected
    assert [list(packer.values(row)) for row in expected] == [values for _, values in rows]


def test_blocks_of_the_same_size_do_not_mix() -> None:
    packer = MetricPacker(1, 1)
    first = packer.block([packer.pack(DEVICE, 1, 1, 1.0)])
    second = packer.block([packer.pack(DEVICE, 2, 1, 2.0)])
    assert packer.values(first) == (1.0,)
    assert packer.values(second) == (2.0,)


@pytest.mark.parametrize("value", [None, "1"])
def test_what_is_no_number_cannot_be_packed(value: object) -> None:
    with pytest.raises(struct.error):
        MetricPacker(1, 1).pack(DEVICE, 0, 1, value)


def test_a_boolean_is_zero_or_one() -> None:
    packer = MetricPacker(1, 2)
    assert packer.values(packer.block([packer.pack(DEVICE, 0, 1, True, False)])) == (1.0, 0.0)


texts = st.text(st.characters(codec="utf-8"))


@given(stamps, st.integers(0, 2**63 - 1), texts, texts)
def test_a_log_line_can_be_read_back(stamp: int, sequence: int, service: str, message: str) -> None:
    row = LogPacker(DEVICE).pack(stamp, sequence, "info", service, message)
    assert LogPacker.explain(row) == {
        "sequence": sequence,
        "level": "info",
        "service": service.replace("\0", "\ufffd"),
        "message": message.replace("\0", "\ufffd"),
    }
