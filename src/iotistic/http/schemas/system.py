"""The state of the service on the wire."""

from typing import Literal

from pydantic import Field

from iotistic.http.schemas.values import Answer

__all__ = ["DatabaseVolume", "FindingGiven", "Fleet", "Health", "Readiness", "SystemStatus", "TableVolume"]


class Health(Answer):
    """The process answers; nothing else is said by it."""

    status: Literal["ok"] = "ok"
    version: str = Field(examples=["0.1.0"])


class FindingGiven(Answer):
    """One thing that was looked at."""

    check: str = Field(examples=["partitions device_metrics"])
    ready: bool
    detail: str = Field(examples=["7 days made ahead"])


class Readiness(Answer):
    """Whether to send traffic here, and why not."""

    ready: bool
    findings: list[FindingGiven]


class Fleet(Answer):
    """The devices in two numbers."""

    registered: int = Field(examples=[1])
    online: int = Field(examples=[1])


class DatabaseVolume(Answer):
    """One database on disk."""

    name: str = Field(examples=["iotistic"])
    bytes: int = Field(examples=[12_345_678])


class TableVolume(Answer):
    """One table with its indexes and partitions."""

    name: str = Field(examples=["device_metrics"])
    bytes: int = Field(examples=[1_234_567])
    partitions: int = Field(description="How many; 0 for a plain table.", examples=[15])


class SystemStatus(Answer):
    """The platform at one moment."""

    version: str = Field(examples=["0.1.0"])
    devices: Fleet
    reports_per_second: float = Field(description="Over the last minute.", examples=[0.2])
    points_per_second: float = Field(description="Single values in them.", examples=[5.4])
    databases: list[DatabaseVolume]
    tables: list[TableVolume] = Field(description="The ten largest.")
