"""The same twelve answers from the reports that arrived, by plain loops over all of them: slow, and easy to believe."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any

from tsbs_iot.questions import TEN_MINUTES, broken_down, sessions
from tsbs_iot.trucks import Report, Truck

__all__ = ["Recomputation"]


class Recomputation:
    """Over reports from `start` up to `end`; each method has the name of its question."""

    def __init__(self, reports: Sequence[Report], start: datetime, end: datetime) -> None:
        self._reports = [one for one in reports if start <= one.timestamp < end]
        self._start, self._end = start, end

    def last_loc(self, fleet: str) -> dict[str, Any]:
        latitudes, longitudes = self._newest(fleet, "latitude"), self._newest(fleet, "longitude")
        return {one.name: (latitudes[one], longitudes[one]) for one in latitudes if one in longitudes}

    def low_fuel(self, fleet: str, below: float = 0.1) -> dict[str, Any]:
        return {one.name: fuel for one, fuel in self._newest(fleet, "fuel_state").items() if fuel < below}

    def high_load(self, fleet: str, above: float = 0.9) -> dict[str, Any]:
        return {
            one.name: load / one.load_capacity
            for one, load in self._newest(fleet, "current_load").items()
            if load / one.load_capacity > above
        }

    def stationary_trucks(self, fleet: str, below: float = 1.0) -> set[str]:
        found: dict[str, list[float]] = defaultdict(list)
        for one in self._reports:
            if (
                one.truck.fleet == fleet
                and "velocity" in one.values
                and one.timestamp >= self._end - TEN_MINUTES
            ):
                found[one.truck.name].append(one.values["velocity"])
        return {name for name, values in found.items() if fmean(values) < below}

    def long_driving_sessions(self, fleet: str) -> set[str]:
        return self._long(fleet, timedelta(hours=4), 22)

    def long_daily_sessions(self, fleet: str) -> set[str]:
        return self._long(fleet, timedelta(hours=24), 60)

    def avg_vs_projected_fuel_consumption(self) -> dict[str, Any]:
        used: dict[str, list[float]] = defaultdict(list)
        nominal: dict[str, list[float]] = defaultdict(list)
        for one in self._reports:
            if one.values.get("velocity", 0) > 1 and "fuel_consumption" in one.values:
                used[one.truck.fleet].append(one.values["fuel_consumption"])
                nominal[one.truck.fleet].append(one.truck.nominal_fuel_consumption)
        return {fleet: (fmean(used[fleet]), fmean(nominal[fleet])) for fleet in used}

    def avg_daily_driving_duration(self) -> dict[Any, Any]:
        hours: dict[Any, float] = defaultdict(float)
        for truck, starts in self._driving(self._start).items():
            for start in starts:
                hours[truck.name, truck.driver, start.date()] += 1 / 6
        return hours

    def avg_daily_driving_session(self) -> dict[Any, Any]:
        found: dict[Any, list[float]] = defaultdict(list)
        for truck, starts in self._driving(self._start).items():
            for run in sessions(starts):
                found[truck.name, run[0].date()].append(len(run) / 6)
        return {key: fmean(lengths) for key, lengths in found.items()}

    def avg_load(self) -> dict[Any, Any]:
        found: dict[Truck, list[float]] = defaultdict(list)
        for one in self._reports:
            if "current_load" in one.values:
                found[one.truck].append(one.values["current_load"])
        shares: dict[Any, list[float]] = defaultdict(list)
        for truck, loads in found.items():
            shares[truck.fleet, truck.model, str(truck.load_capacity)].append(
                fmean(loads) / truck.load_capacity
            )
        return {key: fmean(values) for key, values in shares.items()}

    def daily_activity(self) -> dict[Any, Any]:
        days: dict[Any, float] = defaultdict(float)
        for (truck, start), values in self._buckets("status", self._start).items():
            if fmean(values) < 1:
                days[truck.fleet, truck.model, start.date()] += 1 / 144
        return days

    def breakdown_frequency(self) -> dict[str, Any]:
        shares: dict[Truck, dict[datetime, float]] = defaultdict(dict)
        for (truck, start), values in self._buckets("status", self._start).items():
            shares[truck][start] = values.count(0.0) / len(values)
        counts: dict[str, int] = defaultdict(int)
        for truck, buckets in shares.items():
            counts[truck.model] += broken_down(buckets)
        return counts

    def _newest(self, fleet: str, metric: str) -> dict[Truck, float]:
        found: dict[Truck, tuple[datetime, float]] = {}
        for one in self._reports:
            if one.truck.fleet == fleet and metric in one.values:
                mine = (one.timestamp, one.values[metric])
                found[one.truck] = max(found.get(one.truck, mine), mine)
        return {truck: value for truck, (_, value) in found.items()}

    def _buckets(self, metric: str, since: datetime) -> dict[tuple[Truck, datetime], list[float]]:
        found: dict[tuple[Truck, datetime], list[float]] = defaultdict(list)
        for one in self._reports:
            if metric in one.values and one.timestamp >= since:
                minute = one.timestamp.minute // 10 * 10
                start = one.timestamp.replace(minute=minute, second=0, microsecond=0)
                found[one.truck, start].append(one.values[metric])
        return found

    def _driving(self, since: datetime) -> dict[Truck, list[datetime]]:
        found: dict[Truck, list[datetime]] = defaultdict(list)
        for (truck, start), values in self._buckets("velocity", since).items():
            if fmean(values) > 1:
                found[truck].append(start)
        return found

    def _long(self, fleet: str, span: timedelta, most: int) -> set[str]:
        driving = self._driving(self._end - span)
        return {
            truck.name for truck, starts in driving.items() if truck.fleet == fleet and len(starts) > most
        }
