"""What can be wrong about an Idempotency-Key."""

from iotistic.errors import Invalid

__all__ = ["IdempotencyKeyInvalid", "IdempotencyKeyReused", "IdempotencyUnsupported"]


class IdempotencyKeyInvalid(Invalid):
    """An Idempotency-Key that is none."""

    code = "idempotency_key_invalid"


class IdempotencyKeyReused(Invalid):
    """The key belongs to another request."""

    code = "idempotency_key_reused"


class IdempotencyUnsupported(Invalid):
    """The answer holds a secret, which is told once and kept nowhere."""

    code = "idempotency_unsupported"
