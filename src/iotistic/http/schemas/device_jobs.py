"""Jobs on the wire, as devices see them."""

from typing import Any, Literal

from pydantic import Field

from iotistic.http.schemas.jobs import ExecutionState
from iotistic.http.schemas.values import Answer, Document, Statement, Storable, Timestamp

__all__ = ["ClaimGiven", "NewsGiven", "ProgressStated", "ReportGiven", "ReportStated"]

_EXAMPLE = {"steps": [{"action": "echo", "arguments": {"text": "hello"}}], "timeout_seconds": 60}
_AT = "2026-11-23T20:00:00Z"


class ClaimGiven(Answer):
    """What the device has to do."""

    job_id: int = Field(examples=[17])
    attempt: int = Field(description="To be named in every report.", examples=[1])
    document: dict[str, Any] = Field(examples=[_EXAMPLE])
    step: int = Field(description="Where it said it was, if it claimed this before.", examples=[0])
    due_at: Timestamp = Field(
        description="When it must have gone on to the next step, or reported.", examples=[_AT]
    )
    deadline_at: Timestamp = Field(description="When it must have reported.", examples=[_AT])
    is_cancelled: bool = Field(description="Whether it is to stop, and report `cancelled`.")
    is_new: bool = Field(description="False: it claimed this attempt before.")


class ProgressStated(Statement):
    """Where the device is."""

    attempt: int = Field(ge=1, lt=2**31, examples=[1])
    step: int = Field(ge=0, lt=2**31, description="From 0.", examples=[1])
    message: Storable | None = Field(default=None, max_length=1000, examples=["downloading"])


class NewsGiven(Answer):
    """Where the attempt stands."""

    attempt: int = Field(examples=[1])
    status: ExecutionState = Field(examples=["in_progress"])
    due_at: Timestamp | None = Field(description="When its time is over.", examples=[_AT])
    is_cancelled: bool = Field(description="Whether the device is to stop, and report `cancelled`.")


class ReportStated(Statement):
    """How an attempt ended."""

    attempt: int = Field(ge=1, lt=2**31, examples=[1])
    outcome: Literal["succeeded", "failed", "rejected", "cancelled"] = Field(
        description="rejected: the device will not do this, and would not the next time.",
        examples=["succeeded"],
    )
    step: int | None = Field(default=None, ge=0, lt=2**31, description="Where it ended.", examples=[1])
    exit_code: int | None = Field(default=None, ge=-(2**31), lt=2**31, examples=[0])
    reason: str | None = Field(default=None, description="Why, in a sentence.", examples=[None])
    output: str | None = Field(
        default=None, description="What was printed; 16 KiB are kept of it.", examples=["hello"]
    )
    result: Document | None = Field(
        default=None, description="What was found; kept up to 8 KiB.", examples=[{"os": "Debian"}]
    )


class ReportGiven(Answer):
    """What became of a report."""

    recorded: bool = Field(description="False: it was reported so before.")
