"""Answers that are given once and repeated: `idempotency_keys`."""

from iotistic.idempotency.errors import IdempotencyKeyInvalid, IdempotencyKeyReused, IdempotencyUnsupported
from iotistic.idempotency.model import KeptAnswer
from iotistic.idempotency.service import IdempotencyService

__all__ = [
    "IdempotencyKeyInvalid",
    "IdempotencyKeyReused",
    "IdempotencyService",
    "IdempotencyUnsupported",
    "KeptAnswer",
]
