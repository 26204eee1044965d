"""Sensors on the wire."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from iotistic.devices.sensors import Deployment, Protocol, Report
from iotistic.http.schemas.connectivity import Seconds
from iotistic.http.schemas.fleets import Description
from iotistic.http.schemas.values import Answer, Document, Request, Statement, Storable, Timestamp

__all__ = ["DeploymentStated", "NewSensor", "SensorName", "SensorSeen", "SensorStated"]

SensorName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")]
"""A word of 1 to 100 lower-case letters, digits, dots, dashes and underscores."""
_LARGEST_REVISION = 2**63 - 1
_MOST_DATA_POINTS = 1000
_CONNECTION: dict[str, Any] = {"host": "192.0.2.20", "port": 502, "unit": 1}
_DATA_POINTS: list[dict[str, Any]] = [
    {"metric": "flow", "register": 40001, "type": "float32", "unit": "l/min"}
]


class SensorStated(Request):
    """What a sensor is."""

    protocol: Protocol = Field(
        description="How the device talks to it; `other`: the connection says how.", examples=["modbus"]
    )
    poll_every_seconds: float = Field(
        ge=0.1, le=86_400, description="From one reading to the next.", examples=[10]
    )
    is_enabled: bool = Field(default=True, description="Whether the device is to read it.", examples=[True])
    description: Description | None = Field(default=None, examples=["The flow behind the pump"])
    connection: Document = Field(
        default_factory=dict,
        description="Of the protocol's own, at most 16 KiB. No secrets: everybody with an account reads it.",
        examples=[_CONNECTION],
    )
    data_points: list[Document] = Field(
        default_factory=list,
        max_length=_MOST_DATA_POINTS,
        description="What is read, at most 64 KiB.",
        examples=[_DATA_POINTS],
    )


class NewSensor(SensorStated):
    """A sensor that a device is to have."""

    name: SensorName = Field(examples=["flow-meter"])


class SensorSeen(Answer):
    """A sensor of a device."""

    name: str = Field(examples=["flow-meter"])
    revision: int = Field(
        description="Another for each statement of what it is, in no order.", examples=[4711]
    )
    protocol: Protocol = Field(examples=["modbus"])
    is_enabled: bool = Field(description="Whether the device is to read it.", examples=[True])
    poll_every: Seconds = Field(
        serialization_alias="poll_every_seconds", description="From one reading to the next.", examples=[10]
    )
    description: str | None = Field(examples=["The flow behind the pump"])
    connection: dict[str, Any] = Field(examples=[_CONNECTION])
    data_points: list[dict[str, Any]] = Field(examples=[_DATA_POINTS])
    deployment: Deployment = Field(
        description="`pending` until the device reports about this revision.", examples=["deployed"]
    )
    deployment_error: str | None = Field(
        description="Why it failed, in the words of the device.", examples=[None]
    )
    deployment_reported_at: Timestamp | None = Field(examples=["2026-11-23T20:00:00Z"])
    created_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])
    updated_at: Timestamp = Field(
        description="When people last changed what it is.", examples=["2026-11-23T20:00:00Z"]
    )


class DeploymentStated(Statement):
    """How far a device is with one of its sensors."""

    revision: int = Field(ge=1, le=_LARGEST_REVISION, description="The one it deployed.", examples=[4711])
    deployment: Report = Field(examples=["deployed"])
    error: Annotated[Storable, StringConstraints(min_length=1, max_length=2000)] | None = Field(
        default=None, description="Why it failed; only then.", examples=[None]
    )
