"""What can be done about signing keys."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from iotistic.database.pool import Connection
from iotistic.sealing import SealingKeys
from iotistic.secret import Secret
from iotistic.security.keys import KeyKind, generate_key
from iotistic.security.signing.errors import SigningKeyNotFound
from iotistic.security.signing.model import SigningKey, SigningKeySeen, StoredSigningKey
from iotistic.security.signing.repository import SigningRepository

__all__ = ["SIGNS_FOR", "SigningService"]

SIGNS_FOR: Final = timedelta(days=30)
"""After which a key is replaced by itself."""
_VERIFIES_FOR: Final = timedelta(minutes=20)
"""A token is good for a quarter of an hour, and one may just be under way."""
_ALGORITHM: Final = "EdDSA"
_SEED_OCTETS: Final = 32


@final
class SigningService:
    """Signing keys on one connection; whoever opened the transaction commits it.

    They are read for each token that a process does not remember: what is changed holds in all of them at once.
    """

    def __init__(self, connection: Connection, *, sealing: SealingKeys) -> None:
        self._keys = SigningRepository(connection)
        self._sealing = sealing

    async def get_signer(self) -> SigningKey:
        """The key that signs; the first is made when it is needed."""
        stored = await self._keys.find(None)
        if stored is None:
            await self._make()
            stored = await self._keys.find(None)
        if stored is None:
            raise LookupError("the signing key that was just made")
        return self._opened(stored)

    async def find_verifier(self, key_id: str) -> SigningKey | None:
        """The key of this id, while tokens of it may be good."""
        stored = await self._keys.find(key_id)
        return None if stored is None else self._opened(stored)

    async def list_keys(self) -> Sequence[SigningKeySeen]:
        """Newest first, those that ended in the last 30 days too."""
        return await self._keys.list()

    async def rotate(self, *, older_than: timedelta | None = None) -> bool:
        """Another key signs from now on, if the present one is older than that; nobody has to log in again. Whether it does."""
        if not await self._keys.retire(verifies_for=_VERIFIES_FOR, older_than=older_than):
            return False
        await self._make()
        return True

    async def retire(self, key_id: str) -> None:
        """No token of this key is good from now on, in any process: for one that may have leaked. Raises SigningKeyNotFound.

        If it is the one that signs, another takes its place. Sessions go on: a refresh gets a token of the other key.
        """
        signer = await self._keys.find(None)
        if signer is not None and signer.id == key_id:
            await self.rotate()
        if not await self._keys.end(key_id):
            raise SigningKeyNotFound(
                f"There is no signing key {key_id!r}, or it has ended.",
                hint="`iotistic secrets signing list` shows them all.",
            )

    async def forget_old(self) -> int:
        """Deletes those that ended long ago."""
        return await self._keys.forget()

    async def list_sealed(self) -> Sequence[str]:
        """Every sealed seed."""
        return [key.sealed_seed for key in await self._keys.list_sealed()]

    async def rewrap(self, keys: SealingKeys) -> int:
        """Wraps the seeds under the current sealing key; answers how many that changed."""
        changed = 0
        for key in await self._keys.list_sealed():
            sealed = keys.rewrap(key.sealed_seed)
            if sealed != key.sealed_seed:
                changed += await self._keys.replace_seed(key.id, before=key.sealed_seed, sealed_seed=sealed)
        return changed

    async def _make(self) -> None:
        key_id = generate_key(KeyKind.REFRESH)[1].key_id  # of the alphabet of ids, 60 random bits
        seed = Secret(secrets.token_hex(_SEED_OCTETS))
        await self._keys.insert(
            key_id, algorithm=_ALGORITHM, sealed_seed=self._sealing.seal(seed, about=_about(key_id))
        )

    def _opened(self, stored: StoredSigningKey) -> SigningKey:
        seed = self._sealing.open(stored.sealed_seed, about=_about(stored.id))
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed.reveal()))
        return SigningKey(id=stored.id, algorithm=stored.algorithm, private=private)


def _about(key_id: str) -> str:
    return f"signing_keys {key_id}"
