"""What access tokens are signed with: one key signs, those before it verify until their last token has ended."""

from iotistic.security.signing.errors import SigningKeyNotFound
from iotistic.security.signing.model import SigningKey, SigningKeySeen
from iotistic.security.signing.service import SigningService

__all__ = ["SigningKey", "SigningKeyNotFound", "SigningKeySeen", "SigningService"]
