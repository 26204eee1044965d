"""What the server says about jobs, and what it is told: JSON in, JSON out."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

__all__ = [
    "JobClaim",
    "JobReport",
    "JobStep",
    "Outcome",
    "encode_report",
    "parse_claim",
    "parse_is_cancelled",
]

Outcome = Literal["succeeded", "failed", "rejected", "cancelled"]
_MOST_CHARACTERS = 64 * 1024
"""Of an output that are sent: the server keeps 16 KiB of them, a body may have 1 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStep:
    """One thing to do."""

    action: str
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    steps: tuple[JobStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobClaim:
    """A job that this device has to do."""

    job_id: int
    attempt: int
    document: _Document

    @property
    def steps(self) -> tuple[JobStep, ...]:
        return self.document.steps


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReport:
    """How an attempt ended."""

    attempt: int
    outcome: Outcome
    step: int
    reason: str | None = None
    exit_code: int | None = None
    output: str | None = None
    result: dict[str, Any] | None = None

    def trimmed(self) -> "JobReport":
        """With the beginning and the end of an output that is too long to be sent."""
        if self.output is None or len(self.output) <= _MOST_CHARACTERS:
            return self
        half = _MOST_CHARACTERS // 2
        missing = len(self.output) - 2 * half
        text = f"{self.output[:half]}\n[... {missing} characters left out ...]\n{self.output[-half:]}"
        return replace(self, output=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _News:
    is_cancelled: bool


_ENCODER = msgspec.json.Encoder()
_CLAIM = msgspec.json.Decoder(JobClaim)
_NEWS = msgspec.json.Decoder(_News)


def encode_report(report: JobReport) -> bytes:
    """The body of `POST .../report`."""
    return _ENCODER.encode(report.trimmed())


def parse_claim(body: bytes) -> JobClaim | None:
    """The job in an answer; None when there is none, or something else answers."""
    try:
        return _CLAIM.decode(body)
    except msgspec.MsgspecError:
        return None


def parse_is_cancelled(body: bytes) -> bool:
    """Whether the answer asks to stop."""
    try:
        return _NEWS.decode(body).is_cancelled
    except msgspec.MsgspecError:
        return False
