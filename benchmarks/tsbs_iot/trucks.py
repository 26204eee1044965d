"""Trucks and what they measure: seeded walks, so that a workload is named by its seed, size and range of time."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid5

__all__ = ["DIAGNOSTICS", "READINGS", "STEP", "Report", "Truck", "measurements", "trucks"]

STEP = timedelta(seconds=10)
READINGS = ("latitude", "longitude", "elevation", "velocity", "heading", "grade", "fuel_consumption")
DIAGNOSTICS = ("fuel_state", "current_load", "status")

_NAMESPACE = UUID("6b1f7c5e-3c0b-4f0e-9d53-1a7f0f7c2b11")
_FLEETS = ("East", "West", "North", "South")
_DRIVERS = ("Ada", "Bo", "Cai", "Dara", "Eli", "Fay")
_VERSIONS = ("v1.0", "v1.5", "v2.0", "v2.3")
_MODELS = (("light", 1500, 150, 12), ("medium", 2000, 200, 15), ("heavy", 5000, 300, 19))
"""Name, load capacity, fuel capacity, nominal consumption."""

Measurement = Literal["readings", "diagnostics"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truck:
    """One device with what its tags say."""

    number: int
    device: UUID
    name: str
    fleet: str
    driver: str
    model: str
    device_version: str
    load_capacity: int
    fuel_capacity: int
    nominal_fuel_consumption: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one truck sends at one moment."""

    truck: Truck
    timestamp: datetime
    measurement: Measurement
    values: dict[str, float]
    """By metric; one may be missing, as sensors fail."""


def trucks(count: int, seed: int = 1) -> list[Truck]:
    """The fleet of a seed: the first trucks of a larger one are the same."""
    chance = random.Random(seed)
    return [_truck(number, chance) for number in range(count)]


def _truck(number: int, chance: random.Random) -> Truck:
    model, load, fuel, consumption = chance.choice(_MODELS)
    return Truck(
        number=number,
        device=uuid5(_NAMESPACE, str(number)),
        name=f"truck_{number}",
        fleet=chance.choice(_FLEETS),
        driver=chance.choice(_DRIVERS),
        model=model,
        device_version=chance.choice(_VERSIONS),
        load_capacity=load,
        fuel_capacity=fuel,
        nominal_fuel_consumption=consumption,
    )


def measurements(
    fleet: list[Truck], start: datetime, span: timedelta, seed: int = 1, *, step: timedelta = STEP
) -> Iterator[Report]:
    """Everything the fleet measures from `start` on, step by step, truck by truck: complete and in order."""
    states = [_State(random.Random(f"{seed} {truck.number}")) for truck in fleet]
    for number in range(span // step):
        moment = start + number * step
        for truck, state in zip(fleet, states, strict=True):
            state.tick()
            yield Report(truck=truck, timestamp=moment, measurement="readings", values=state.readings())
            yield Report(truck=truck, timestamp=moment, measurement="diagnostics", values=state.diagnostics())


class _State:
    """One truck's walks. A walk moves by a uniform step and stays within its bounds."""

    def __init__(self, chance: random.Random) -> None:
        self._uniform = chance.uniform
        self._normal = chance.gauss
        self._random = chance.random
        uniform = chance.uniform
        self._latitude, self._longitude = uniform(-90, 90), uniform(-180, 180)
        self._elevation, self._velocity, self._heading = uniform(0, 500), 0.0, uniform(0, 360)
        self._grade, self._consumption = 0.0, 25.0
        self._fuel, self._load, self._status = 1.0, uniform(0, 5000), 0.0

    def tick(self) -> None:
        uniform = self._uniform
        self._latitude = _clamped(self._latitude + uniform(-0.005, 0.005), -90, 90)
        self._longitude = _clamped(self._longitude + uniform(-0.005, 0.005), -180, 180)
        self._elevation = _clamped(self._elevation + uniform(-10, 10), 0, 5000)
        self._velocity = _clamped(self._velocity + uniform(-10, 10), 0, 100)
        self._heading = _clamped(self._heading + uniform(-5, 5), 0, 360)
        self._grade = _clamped(self._grade + uniform(-5, 5), 0, 100)
        self._consumption = _clamped(self._consumption + uniform(-5, 5), 0, 50)
        self._fuel = self._fuel + uniform(-0.001, 0)
        if self._fuel <= 0:
            self._fuel = 1.0  # refuelled
        if self._random() < 0.05:
            self._load = uniform(0, 5000)
        self._status = _clamped(self._status + self._normal(0, 1), 0, 5)

    def readings(self) -> dict[str, float]:
        return {
            "latitude": round(self._latitude, 5),
            "longitude": round(self._longitude, 5),
            "elevation": float(int(self._elevation)),
            "velocity": float(int(self._velocity)),
            "heading": float(int(self._heading)),
            "grade": float(int(self._grade)),
            "fuel_consumption": round(self._consumption, 1),
        }

    def diagnostics(self) -> dict[str, float]:
        return {
            "fuel_state": round(self._fuel, 1),
            "current_load": float(int(self._load)),
            "status": float(int(self._status)),
        }


def _clamped(value: float, low: float, high: float) -> float:
    return low if value < low else min(value, high)
