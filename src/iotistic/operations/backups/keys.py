"""The keys that backups are sealed under, kept where no backup lies.

Each backup has a data key of its own, which the installation's backup key wraps (`iotistic.sealing`); the manifest says under which.
Apart from the rest of backups, so that only who seals loads cryptography.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import final

from iotistic.operations.backups.chunks import SALT, file_key, open_file, seal_file
from iotistic.operations.backups.errors import BackupDamaged, BackupKeyMissing
from iotistic.operations.backups.model import Manifest
from iotistic.operations.backups.sealed import SEALED
from iotistic.sealing import SealBroken, SealingKeys, SealingKeyUnknown, new_sealing_key
from iotistic.secret import Secret

__all__ = ["BackupKeys"]

_MANIFEST = "manifest"
_AT_ONCE = 2


@final
class BackupKeys:
    """One key or several: the first seals, each opens. Fulfils `sealed.Sealer`."""

    def __init__(self, keys: Secret, *, randomness: Callable[[int], bytes] = secrets.token_bytes) -> None:
        """Raises SealingKeyInvalid, with no piece of a key in the words."""
        self._keys = SealingKeys(keys, randomness=randomness)
        self._randomness = randomness

    @property
    def current(self) -> str:
        """The name of the key that seals."""
        return self._keys.current

    def seal_folder(self, folder: Path, backup_id: str) -> str:
        """Puts each file's sealed form in its place; answers the wrapped data key, for the manifest."""
        secret = new_sealing_key(self._randomness)
        key = _octets(secret)

        def seal(path: Path) -> None:
            about = _about(backup_id, path.relative_to(folder).as_posix())
            seal_file(path, path.with_name(path.name + SEALED), key, about=about, salt=self._randomness(SALT))
            path.unlink()

        _side_by_side(seal, [path for path in folder.rglob("*") if path.is_file()])
        return self._keys.seal(secret, about=_about(backup_id))

    def sign(self, sealed_key: str, backup_id: str, manifest: bytes) -> str:
        """What only a holder of the key can say about a manifest, in hexadecimal."""
        return hmac.new(
            file_key(self._key(sealed_key, backup_id), _MANIFEST, b""), manifest, "sha256"
        ).hexdigest()

    def open_folder(self, manifest: Manifest, source: Path, target: Path | None) -> None:
        """Writes what the files of the backup hold below `target`, or only sees that they open.

        Raises BackupKeyMissing, BackupDamaged.
        """
        key = self._key(manifest.sealed_key or "", manifest.id)

        def open_one(path: str) -> None:
            name = path.removesuffix(SEALED)
            into = None if target is None else target / name
            if into is not None:
                into.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            open_file(source / path, into, key, about=_about(manifest.id, name))

        _side_by_side(open_one, [file.path for file in manifest.files])

    def _key(self, sealed_key: str, backup_id: str) -> bytes:
        try:
            return _octets(self._keys.open(sealed_key, about=_about(backup_id)))
        except SealingKeyUnknown as unknown:
            raise BackupKeyMissing(
                f"The backup {backup_id} is sealed under the key {self._keys.key_id(sealed_key)}; given is {', '.join(self._keys.ids)}.",
                hint="Put that key into IOTISTIC_BACKUP_KEY or the file of IOTISTIC_BACKUP_KEY_FILE, behind a comma.",
                key_id=self._keys.key_id(sealed_key),
            ) from unknown
        except SealBroken as broken:
            raise BackupDamaged(
                f"The data key in the manifest of {backup_id} was altered, or is another backup's."
            ) from broken


def _about(backup_id: str, path: str = "") -> str:
    return f"backup {backup_id} {path}".rstrip()


def _octets(secret: Secret) -> bytes:
    return urlsafe_b64decode(secret.reveal() + "=")


def _side_by_side(act: Callable[..., None], items: list[Path] | list[str]) -> None:
    """Ciphers leave the interpreter alone while they work, so two threads are two processors."""
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for _ in threads.map(act, items):
            pass
