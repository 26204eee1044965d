"""The twelve questions of the workload, asked of the HTTP API as any client of it would.

The API answers newest values, buckets and exports; what is left to do here is arithmetic on tags and runs of buckets. Two of the
twelve need more than buckets: fuel while driving joins two metrics report by report, and a breakdown counts single statuses. They
read the export. Buckets are 10 minutes, in UTC. "Driving" is a bucket with a mean velocity above 1.

Breakdowns: the original's SQL counts every status that is not NULL. Here a bucket is broken when at least half of its reports have
status 0, and a breakdown is a broken bucket behind one that was not.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from statistics import fmean
from typing import Any

import httpx

__all__ = ["TEN_MINUTES", "Bucket", "Questions", "broken_down", "sessions"]

TEN_MINUTES = timedelta(minutes=10)
_MOST_POINTS = 20_000
_DRIVING = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Ten minutes of one metric of one truck."""

    start: datetime
    count: int
    mean: float


def sessions(starts: Iterable[datetime]) -> list[list[datetime]]:
    """Buckets that follow each other without a gap, together."""
    runs: list[list[datetime]] = []
    for start in sorted(starts):
        if runs and start - runs[-1][-1] == TEN_MINUTES:
            runs[-1].append(start)
        else:
            runs.append([start])
    return runs


def broken_down(shares: Mapping[datetime, float]) -> int:
    """How often a bucket is broken and the one before, of those that are there, is not."""
    states = [shares[start] >= 0.5 for start in sorted(shares)]
    return sum(now and not before for before, now in zip([False, *states], states, strict=False))


class Questions:
    """Asked about the range from `start` up to `end`, by a client that may read telemetry."""

    def __init__(self, client: httpx.AsyncClient, start: datetime, end: datetime) -> None:
        self._client = client
        self._start, self._end = start, end

    async def trucks(self, fleet: str | None = None) -> dict[str, dict[str, str]]:
        """Tags by uuid, with the name as a tag."""
        query = {"kind": "truck"} | ({"where": f"fleet={fleet}"} if fleet else {})
        tags: dict[str, dict[str, str]] = {}
        async with self._client.stream("GET", "/api/v1/devices/export", params=query) as answer:
            async for text in answer.raise_for_status().aiter_lines():
                one = json.loads(text)
                tags[one["name"]] = one["tags"] | {"name": one["name"]}
        found: dict[str, dict[str, str]] = {}
        following: str | None = ""
        while following is not None:
            more = {"limit": "1000"} | ({"after": following} if following else {})
            page = await self._get("/api/v1/devices", query | more)
            found |= {one["uuid"]: tags[one["name"]] for one in page["items"]}
            following = page["next"]
        return found

    async def has_caught_up(self, newest: Mapping[str, datetime]) -> bool:
        """Whether newest values are as new as said, by uuid: they are written every second or so, behind the reports."""
        found = await self._get("/api/v1/metrics/latest", {"devices": ",".join(newest)})
        known = {
            one["device_uuid"]: max(datetime.fromisoformat(each["timestamp"]) for each in one["values"])
            for one in found
        }
        return all(uuid in known and known[uuid] >= moment for uuid, moment in newest.items())

    async def last_loc(self, fleet: str) -> dict[str, tuple[float, float]]:
        """Where the trucks of a fleet are."""
        newest, trucks = await self._newest(fleet, "latitude", "longitude")
        return {
            trucks[uuid]["name"]: (one["latitude"], one["longitude"])
            for uuid, one in newest.items()
            if len(one) == 2
        }

    async def low_fuel(self, fleet: str, below: float = 0.1) -> dict[str, float]:
        """Trucks whose tank is nearly empty."""
        newest, trucks = await self._newest(fleet, "fuel_state")
        return {
            trucks[uuid]["name"]: one["fuel_state"]
            for uuid, one in newest.items()
            if one["fuel_state"] < below
        }

    async def high_load(self, fleet: str, above: float = 0.9) -> dict[str, float]:
        """Trucks that carry more than so much of what they can."""
        newest, trucks = await self._newest(fleet, "current_load")
        shares = {
            uuid: one["current_load"] / float(trucks[uuid]["load_capacity"]) for uuid, one in newest.items()
        }
        return {trucks[uuid]["name"]: share for uuid, share in shares.items() if share > above}

    async def stationary_trucks(self, fleet: str, below: float = 1.0) -> set[str]:
        """Trucks that hardly moved in the last ten minutes."""
        trucks = await self.trucks(fleet)
        buckets = await self._buckets(trucks, "velocity", self._end - TEN_MINUTES)
        return {
            trucks[uuid]["name"]
            for uuid, found in buckets.items()
            if sum(one.mean * one.count for one in found) / sum(one.count for one in found) < below
        }

    async def long_driving_sessions(self, fleet: str) -> set[str]:
        """Trucks that drove more than 220 of the last 240 minutes."""
        return await self._long_sessions(fleet, timedelta(hours=4), 22)

    async def long_daily_sessions(self, fleet: str) -> set[str]:
        """Trucks that drove more than ten of the last 24 hours."""
        return await self._long_sessions(fleet, timedelta(hours=24), 60)

    async def avg_vs_projected_fuel_consumption(self) -> dict[str, tuple[float, float]]:
        """By fleet: mean consumption while driving, and the mean of what the models should need, report by report."""
        trucks = await self.trucks()
        found: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for uuid, reports in (await self._reports(trucks, "velocity", "fuel_consumption")).items():
            tags = trucks[uuid]
            found[tags["fleet"]] += [
                (report["fuel_consumption"], float(tags["nominal_fuel_consumption"]))
                for report in reports.values()
                if report.get("velocity", 0.0) > _DRIVING and "fuel_consumption" in report
            ]
        return {
            fleet: (fmean(one for one, _ in pairs), fmean(one for _, one in pairs))
            for fleet, pairs in found.items()
            if pairs
        }

    async def avg_daily_driving_duration(self) -> dict[tuple[str, str, date], float]:
        """By truck, driver and day: hours of driving."""
        trucks, driving = await self._driving()
        hours: dict[tuple[str, str, date], float] = defaultdict(float)
        for uuid, starts in driving.items():
            for start in starts:
                hours[trucks[uuid]["name"], trucks[uuid]["driver"], start.date()] += TEN_MINUTES / timedelta(
                    hours=1
                )
        return hours

    async def avg_daily_driving_session(self) -> dict[tuple[str, date], float]:
        """By truck and day on which they began: the mean length of sessions, in hours."""
        trucks, driving = await self._driving()
        lengths: dict[tuple[str, date], list[float]] = defaultdict(list)
        for uuid, starts in driving.items():
            for run in sessions(starts):
                lengths[trucks[uuid]["name"], run[0].date()].append(len(run) / 6)
        return {key: fmean(found) for key, found in lengths.items()}

    async def avg_load(self) -> dict[tuple[str, str, str], float]:
        """By fleet, model and capacity: the mean share of the capacity in use, over the means of the trucks."""
        trucks = await self.trucks()
        shares: dict[tuple[str, str, str], list[float]] = defaultdict(list)
        for uuid, found in (await self._buckets(trucks, "current_load", self._start)).items():
            tags = trucks[uuid]
            mean = sum(one.mean * one.count for one in found) / sum(one.count for one in found)
            shares[tags["fleet"], tags["model"], tags["load_capacity"]].append(
                mean / float(tags["load_capacity"])
            )
        return {key: fmean(found) for key, found in shares.items()}

    async def daily_activity(self) -> dict[tuple[str, str, date], float]:
        """By fleet, model and day: truck-days of buckets with a mean status below 1."""
        trucks = await self.trucks()
        days: dict[tuple[str, str, date], float] = defaultdict(float)
        for uuid, found in (await self._buckets(trucks, "status", self._start)).items():
            for one in found:
                if one.mean < 1:
                    days[trucks[uuid]["fleet"], trucks[uuid]["model"], one.start.date()] += 1 / 144
        return days

    async def breakdown_frequency(self) -> dict[str, int]:
        """By model: breakdowns."""
        trucks = await self.trucks()
        counts: dict[str, int] = defaultdict(int)
        for uuid, reports in (await self._reports(trucks, "status")).items():
            found: dict[datetime, list[bool]] = defaultdict(list)
            for moment, report in reports.items():
                found[moment - (moment - datetime.min.replace(tzinfo=moment.tzinfo)) % TEN_MINUTES].append(
                    report["status"] == 0
                )
            counts[trucks[uuid]["model"]] += broken_down({start: fmean(one) for start, one in found.items()})
        return counts

    async def _long_sessions(self, fleet: str, span: timedelta, most: int) -> set[str]:
        trucks = await self.trucks(fleet)
        buckets = await self._buckets(trucks, "velocity", self._end - span)
        return {
            trucks[uuid]["name"]
            for uuid, found in buckets.items()
            if sum(one.mean > _DRIVING for one in found) > most
        }

    async def _driving(self) -> tuple[dict[str, dict[str, str]], dict[str, list[datetime]]]:
        trucks = await self.trucks()
        buckets = await self._buckets(trucks, "velocity", self._start)
        return trucks, {
            uuid: [one.start for one in found if one.mean > _DRIVING] for uuid, found in buckets.items()
        }

    async def _newest(
        self, fleet: str, *names: str
    ) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, str]]]:
        trucks = await self.trucks(fleet)
        if not trucks:
            return {}, trucks
        found = await self._get(
            "/api/v1/metrics/latest", {"devices": ",".join(trucks), "names": ",".join(names)}
        )
        newest = {
            one["device_uuid"]: {each["metric"]: each["value"] for each in one["values"]} for one in found
        }
        return newest, trucks

    async def _buckets(self, uuids: Iterable[str], metric: str, since: datetime) -> dict[str, list[Bucket]]:
        """As many trucks in a request as have room in an answer."""
        most = max(1, min(200, _MOST_POINTS // ((self._end - since) // TEN_MINUTES + 2)))
        found: dict[str, list[Bucket]] = {}
        for group in _groups(uuids, most):
            answer = await self._get(
                "/api/v1/metrics/series",
                {
                    "devices": ",".join(group),
                    "names": metric,
                    "bucket": "10m",
                    "from": since.isoformat(),
                    "to": self._end.isoformat(),
                },
            )
            for series in answer["series"]:
                found[series["device_uuid"]] = [
                    Bucket(
                        start=datetime.fromisoformat(point["timestamp"]),
                        count=point["count"],
                        mean=point["average"],
                    )
                    for point in series["points"]
                ]
        return found

    async def _reports(
        self, uuids: Iterable[str], *names: str
    ) -> dict[str, dict[datetime, dict[str, float]]]:
        """Values by truck and moment, from the export: line by line, as they come."""
        found: dict[str, dict[datetime, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
        for group in _groups(uuids, 200):
            query = {
                "devices": ",".join(group),
                "names": ",".join(names),
                "from": self._start.isoformat(),
                "to": self._end.isoformat(),
                "format": "ndjson",
            }
            async with self._client.stream("GET", "/api/v1/metrics/export", params=query) as answer:
                async for text in answer.raise_for_status().aiter_lines():
                    line = json.loads(text)
                    moment = datetime.fromisoformat(line["timestamp"])
                    found[line["device_uuid"]][moment][line["metric"]] = line["value"]
        return found

    async def _get(self, path: str, query: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        answer = await self._client.get(path, params=query or None)
        return answer.raise_for_status().json()


def _groups(items: Iterable[str], most: int) -> Iterator[list[str]]:
    rest = iter(items)
    while group := list(islice(rest, most)):
        yield group
