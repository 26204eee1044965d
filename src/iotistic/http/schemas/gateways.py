"""Gateways on the wire."""

from uuid import UUID

from pydantic import Field

from iotistic.http.schemas.telemetry import MetricReport, ReceiptGiven, SentLine
from iotistic.http.schemas.values import Answer, Page, Timestamp

__all__ = [
    "DeviceLines",
    "DeviceReports",
    "GatewayLines",
    "GatewayReceiptGiven",
    "GatewayReports",
    "GrantedPage",
    "GrantedSeen",
]


class GrantedSeen(Answer):
    """A device that a gateway may send for."""

    device_uuid: UUID
    name: str = Field(examples=["pump-7"])
    retired: bool = Field(description="Out of service: nothing is taken for it until it is restored.")
    granted_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])


class GrantedPage(Page[GrantedSeen]):
    """Some of the devices behind a gateway, by uuid."""


class DeviceReports(Answer):
    """What a body holds of one device."""

    device: UUID
    reports: list[MetricReport]
    units: dict[str, str] = Field(
        default={}, description="Unit by metric name.", examples=[{"flow": "l/min"}]
    )


class GatewayReports(Answer):
    """Reports of many devices; each device is named once."""

    devices: list[DeviceReports] = Field(description="At most 1,000, with 10,000 reports in all.")


class DeviceLines(Answer):
    """What a body holds of one device."""

    device: UUID
    lines: list[SentLine]


class GatewayLines(Answer):
    """Log lines of many devices; each device is named once."""

    devices: list[DeviceLines] = Field(description="At most 1,000, with 10,000 lines in all.")


class DeviceReceiptGiven(Answer):
    """What became of the part of one device."""

    device: str = Field(description="As the body names it.")
    receipt: ReceiptGiven


class GatewayReceiptGiven(Answer):
    """What became of a body of many devices: sums, and the receipt of each."""

    accepted: int = Field(examples=[120])
    duplicate: int = Field(examples=[0])
    late: int = Field(examples=[0])
    quarantined: int = Field(examples=[0])
    rejected: int = Field(examples=[12])
    codes: dict[str, int] = Field(
        description="How many reports each reason code stands for.", examples=[{"device_not_granted": 12}]
    )
    devices: list[DeviceReceiptGiven] = Field(description="In the order of the body.")
