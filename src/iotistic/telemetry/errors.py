"""What can go wrong with telemetry as a whole; what is wrong with single reports is told by the receipt."""

from typing import Self

from iotistic.errors import Invalid, NotInstalled, TooLarge, Unavailable

__all__ = [
    "BodyInvalid",
    "BodyTooLarge",
    "EncodingUnsupported",
    "ExportUnavailable",
    "FollowingInvalid",
    "IdempotencyKeyInvalid",
    "IdempotencyKeyReused",
    "IngestBusy",
    "IngestStopped",
    "IngestUnavailable",
    "PartitionMissing",
    "RangeInvalid",
    "RangeTooLong",
    "TooManyPoints",
]


class BodyInvalid(Invalid):
    """The body as a whole is not what the route takes: nothing of it was looked at further."""

    code = "body_invalid"


class EncodingUnsupported(Invalid):
    """The body's Content-Encoding or Content-Type is none that is understood here."""

    code = "encoding_unsupported"


class IdempotencyKeyInvalid(Invalid):
    """An Idempotency-Key that is none."""

    code = "idempotency_key_invalid"


class IdempotencyKeyReused(Invalid):
    """The key belongs to another body."""

    code = "idempotency_key_reused"


class BodyTooLarge(TooLarge):
    """The body, or what it unpacks to, exceeds the limit."""

    code = "body_too_large"

    @classmethod
    def of(cls, limit: int, noun: str) -> Self:
        """Too many reports or lines."""
        return cls(
            f"The body holds more than {limit} {noun}.", hint="Send them as several bodies.", limit=limit
        )


class IngestBusy(Unavailable):
    """More is queued than memory allows for; nothing of this body was taken. Keep it and come back."""

    code = "ingest_busy"


class IngestUnavailable(Unavailable):
    """The database did not take the batch in time. It may or may not be stored: send it again, the keys decide."""

    code = "ingest_unavailable"


class IngestStopped(Unavailable):
    """The process is shutting down; another, or the next start, takes the body."""

    code = "ingest_stopped"


class PartitionMissing(Unavailable):
    """There is no partition for the present day: partition work has not run."""

    code = "partition_missing"


class RangeInvalid(Invalid):
    """A range of time, a bucket or a page that makes no sense."""

    code = "range_invalid"


class TooManyPoints(TooLarge):
    """The range holds more points than one answer may have."""

    code = "too_many_points"


class FollowingInvalid(Invalid):
    """A place among the lines that no follower was ever told."""

    code = "following_invalid"


class RangeTooLong(TooLarge):
    """The question would read more rows than one question may."""

    code = "range_too_long"


class ExportUnavailable(NotInstalled):
    """The format of a file needs a package that is not installed."""

    code = "export_unavailable"
