"""What can go wrong with signing keys."""

from iotistic.errors import NotFound

__all__ = ["SigningKeyNotFound"]


class SigningKeyNotFound(NotFound):
    """There is no such key, or it has ended."""

    code = "signing_key_not_found"
