from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from iotistic.telemetry.ingest.live import Live, TooManyWatchers, Watcher

DEVICE = UUID(int=1)
SOON = timedelta(milliseconds=1)


async def test_a_watcher_gets_what_came_in_order_and_then_waits() -> None:
    watcher = Watcher()
    watcher.put(("report", b"1"))
    watcher.put(("line", b"2"))
    assert await watcher.events(SOON) == [("report", b"1"), ("line", b"2")]
    assert await watcher.events(SOON) == []


async def test_one_that_reads_too_slowly_loses_its_place_and_is_told() -> None:
    watcher = Watcher()
    for _ in range(256):
        watcher.put(("report", b"x" * 1024))
    watcher.put(("report", b"x"))  # one octet more than a watcher may keep us waiting with
    events = await watcher.events(SOON)
    assert events is not None
    ((name, data),) = events
    assert (name, msgspec.json.decode(data)) == ("overflow", {"missed": 257})
    watcher.put(("report", b"late"))
    assert await watcher.events(SOON) is None


async def test_one_that_reads_in_time_may_read_for_ever() -> None:
    watcher = Watcher()
    for _ in range(10):
        for _ in range(256):
            watcher.put(("report", b"x" * 1024))
        assert len(await watcher.events(SOON) or ()) == 256


async def test_dismissal_ends_streams_after_what_waits_and_those_to_come() -> None:
    live = Live()
    with live.watching(DEVICE) as watcher:
        watcher.put(("report", b"1"))
        live.dismiss()
        assert await watcher.events(SOON) == [("report", b"1")]
        assert await watcher.events(SOON) is None
    with live.watching(DEVICE) as late:
        assert await late.events(SOON) is None


def test_a_process_serves_so_many_streams_and_not_one_more() -> None:
    live = Live()
    opened = [live.watching(DEVICE) for _ in range(1_000)]
    for one in opened:
        one.__enter__()
    with pytest.raises(TooManyWatchers) as refused, live.watching(DEVICE):
        pass
    assert refused.value.retry_after
    opened[0].__exit__(None, None, None)
    with live.watching(DEVICE):
        pass
