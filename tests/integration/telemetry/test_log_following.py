"""Following log lines: each is told once, in the order of the commits, whoever stored it and whatever its timestamp says."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio

from iotistic.telemetry import Ingest
from iotistic.telemetry.errors import FollowingInvalid
from iotistic.telemetry.logs import LogFollowing, LogSift, LogStretch, Reached
from tests.integration.telemetry.conftest import Station, ingest_on, owner_of

ALL = LogSift(devices=None)


class Follower:
    """Somebody who reads until there is nothing more at the moment."""

    def __init__(self, station: Station, reached: Reached) -> None:
        self._following = LogFollowing(station.owner)
        self.reached = reached

    async def look(self, sift: LogSift = ALL, *, limit: int = 500) -> list[str]:
        return [line.message for line in await self.lines(sift, limit=limit)]

    async def lines(self, sift: LogSift = ALL, *, limit: int = 500) -> list[Any]:
        found: list[Any] = []
        while True:
            stretch = await self.stretch(sift, limit=limit)
            assert stretch.lost_since is None
            found += [one.line for one in stretch.lines]
            if not stretch.is_full:
                return found

    async def stretch(self, sift: LogSift = ALL, *, limit: int = 500) -> LogStretch:
        stretch = await self._following.follow(self.reached, sift, limit=limit)
        self.reached = stretch.reached
        return stretch


@pytest_asyncio.fixture
async def follower(station: Station) -> Follower:
    return Follower(station, await LogFollowing(station.owner).here())


async def log(
    station: Station,
    device: UUID,
    *messages: str,
    ingest: Ingest | None = None,
    back: float = 0,
    **more: object,
) -> None:
    """Lines of so many seconds ago, in one body."""
    lines = [
        {
            "timestamp": (station.now - timedelta(seconds=back)).isoformat(),
            "sequence": number,
            "message": message,
            **more,
        }
        for number, message in enumerate(messages)
    ]
    receipt = await (ingest or station.ingest).submit_logs(device, msgspec.json.encode({"lines": lines}))
    assert receipt.accepted == len(messages)


async def test_what_was_there_before_is_not_followed(station: Station) -> None:
    await log(station, station.device, "before")
    follower = Follower(station, await LogFollowing(station.owner).here())
    assert await follower.look() == []
    await log(station, station.device, "after", back=10)
    assert await follower.look() == ["after"]
    assert await follower.look() == []


async def test_lines_of_two_processes_come_once_each_however_late_their_timestamps(
    station: Station, follower: Follower
) -> None:
    async with ingest_on(station.database) as other:
        for number in range(6):
            await log(
                station, uuid4(), f"line {number}", ingest=other if number % 2 else None, back=3_000 * number
            )
        await log(station, station.device, "of yesterday", ingest=other, back=86_400)
    assert await follower.look() == [*(f"line {number}" for number in range(6)), "of yesterday"]


async def test_a_line_that_is_sent_again_is_not_told_again(station: Station, follower: Follower) -> None:
    await log(station, station.device, "once")
    assert await follower.look() == ["once"]
    async with ingest_on(station.database) as forgetful:
        body = {"timestamp": station.now.isoformat(), "message": "x"}
        lines = [{**body, "sequence": 0}, {**body, "sequence": 1, "message": "new"}]
        receipt = await forgetful.submit_logs(station.device, msgspec.json.encode({"lines": lines}))
        assert (receipt.accepted, receipt.duplicate) == (1, 1)
    assert await follower.look() == ["new"]


async def test_a_transaction_that_commits_late_is_not_passed_by_and_holds_up_nobody(
    station: Station, follower: Follower
) -> None:
    late = uuid4()
    async with owner_of(station.database) as writer:
        async with writer.transaction():
            await writer.execute(
                "INSERT INTO device_logs (device_uuid, timestamp, sequence, level, service, message)"
                " VALUES (%s, %s, 0, 'info', 'pump', 'late')",
                (late, station.now),
            )
            await writer.execute(
                "INSERT INTO device_log_arrivals (devices, since, until) VALUES (%s, %s, %s)",
                ([late], [station.now], [station.now]),
            )
            await log(station, station.device, "young")
            assert await follower.look() == ["young"]
            await log(station, station.device, "younger", back=1)
            assert await follower.look() == ["younger"]
        assert await follower.look() == ["late"]
    assert await follower.look() == []


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
async def test_whoever_goes_on_from_any_line_gets_exactly_the_rest(
    station: Station, follower: Follower, limit: int
) -> None:
    start = follower.reached
    for number in range(3):
        await log(station, uuid4(), f"{number}a", f"{number}b", back=number)
    stretches: list[Sequence[Any]] = []
    while True:
        stretch = await follower.stretch(limit=limit)
        stretches.append(stretch.lines)
        if not stretch.is_full:
            break
    told = [one for stretch in stretches for one in stretch]
    everything = [one.line.message for one in told]
    assert everything == ["0a", "0b", "1a", "1b", "2a", "2b"]
    await log(station, station.device, "meanwhile")
    assert await Follower(station, start).look() == [*everything, "meanwhile"]
    for number, one in enumerate(told, 1):
        resumed = Follower(station, one.reached)
        assert await resumed.look(limit=limit) == [*everything[number:], "meanwhile"]
        assert await resumed.look() == []


async def test_more_transactions_than_are_read_at_a_time_are_all_read(
    station: Station, follower: Follower
) -> None:
    for number in range(51):
        await log(station, station.device, f"line {number}", back=number, service=f"of {number % 50}")
    start = follower.reached
    assert len(await follower.look()) == 51
    last = LogSift(devices=None, service="of 0")
    assert await Follower(station, start).look(last) == ["line 0", "line 50"]


async def test_only_what_fits_is_told(station: Station, follower: Follower) -> None:
    other = uuid4()
    await log(station, station.device, "100% done", service="pump", level="error")
    await log(station, other, "100 done", service="valve", level="info")
    start = follower.reached

    for sift, told in (
        (LogSift(devices=[other]), ["100 done"]),
        (LogSift(devices=[]), []),
        (LogSift(devices=[uuid4()]), []),
        (replace(ALL, level="warning"), ["100% done"]),
        (replace(ALL, service="valve"), ["100 done"]),
        (replace(ALL, text="0% D"), ["100% done"]),
        (replace(ALL, text="nothing"), []),
    ):
        assert await Follower(station, start).look(sift) == told


async def test_lines_come_in_the_order_of_the_commits_and_not_of_their_timestamps(
    station: Station, follower: Follower
) -> None:
    await log(station, station.device, "third", back=1)
    await log(station, station.device, "first", back=3)
    assert await follower.look() == ["third", "first"]


async def test_freezing_changes_nothing(station: Station, follower: Follower) -> None:
    await log(station, station.device, "kept")
    await station.owner.execute("VACUUM (FREEZE) device_logs, device_log_arrivals")
    assert await follower.look() == ["kept"]


async def test_whoever_was_away_for_more_than_a_day_is_told_since_when(
    station: Station, follower: Follower
) -> None:
    await log(station, station.device, "missed")
    almost = replace(follower.reached, at=follower.reached.at - timedelta(days=1) + timedelta(minutes=1))
    assert await Follower(station, almost).look() == ["missed"]
    away = replace(follower.reached, at=follower.reached.at - timedelta(days=1, seconds=1))
    stretch = await Follower(station, away).stretch()
    assert (list(stretch.lines), stretch.lost_since) == ([], away.at)
    await log(station, station.device, "next", back=1)
    assert await Follower(station, stretch.reached).look() == ["next"]


@pytest.mark.parametrize("where", ["seen", "until"])
async def test_a_place_of_another_server_is_a_gap(station: Station, follower: Follower, where: str) -> None:
    elsewhere = f"{(1 << 60) + 7}:{(1 << 60) + 7}:"
    stretch = await Follower(station, replace(follower.reached, **{where: elsewhere})).stretch()
    assert stretch.lost_since == follower.reached.at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1:2",
        "2:1:",
        "0:1:",
        "1:2:3",
        "1:9:5,4",
        "1:9:4,4",
        "1:9:4,,5",
        "1:9:4;",
        "x:y:",
        f"1:{1 << 63}:",
        f"1:{1 << 32}:",
    ],
)
async def test_what_is_no_snapshot_is_refused(follower: Follower, text: str) -> None:
    with pytest.raises(FollowingInvalid):
        replace(follower.reached, seen=text)


@pytest.mark.parametrize("text", ["1:1:", "1:9:", "4:9:4,8"])
async def test_what_is_a_snapshot_is_one_for_the_database_too(
    station: Station, follower: Follower, text: str
) -> None:
    await Follower(station, replace(follower.reached, seen=text)).stretch()
