"""One file under a key: AES-256-GCM over chunks, each bound to its place in the file and to the file's place in the backup.

STREAM (Hoang, Reyhanitabar, Rogaway, Vizár, CRYPTO 2015), as age has it: the nonce is a chunk's number and a mark of the last one.
So a file that was cut, added to, or put in another order opens nowhere, and nothing has to be held in memory but one chunk.

    iotistic sealed file 1, newline   salt (16 octets)   chunk   chunk   ...   last chunk

A chunk is 1 MiB of the file and its tag of 16 octets; the last one is shorter, perhaps empty. The key of a file is made of the
backup's key, the salt and what the file is about (HKDF-SHA256), and seals nothing else, which is why numbers may be nonces.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from iotistic.operations.backups.errors import BackupDamaged

__all__ = ["SALT", "open_file", "seal_file"]

SALT = 16
_MAGIC = b"iotistic sealed file 1\n"
_CHUNK = 1 << 20
_TAG = 16
_OCTETS = 32


def seal_file(source: Path, target: Path, key: bytes, *, about: str, salt: bytes) -> None:
    """Writes `source` sealed to `target`, which must not exist. `about` has to be given again to open it."""
    cipher = AESGCM(file_key(key, about, salt))
    with source.open("rb") as clear, target.open("xb") as sealed:
        sealed.write(_MAGIC + salt)
        for number, (chunk, is_last) in enumerate(_pieces(clear, _CHUNK)):
            sealed.write(cipher.encrypt(_nonce(number, last=is_last), chunk, None))


def open_file(source: Path, target: Path | None, key: bytes, *, about: str) -> int:
    """Writes what `source` holds to `target`, or nowhere; answers its octets. Raises BackupDamaged saying what was done to it."""
    done = 0
    with source.open("rb") as sealed:
        cipher = AESGCM(file_key(key, about, _salt(sealed, about)))
        first = sealed.tell()
        with (target or Path("/dev/null")).open("wb") as clear:
            for number, (chunk, is_last) in enumerate(_pieces(sealed, _CHUNK + _TAG)):
                try:
                    done += clear.write(cipher.decrypt(_nonce(number, last=is_last), chunk, None))
                except InvalidTag as error:
                    raise BackupDamaged(
                        f"{about} does not open: {_explain(cipher, chunk, number, is_last, _count(source, first))}.",
                        hint="Take another backup: nothing of this file is used.",
                    ) from error
    return done


def file_key(key: bytes, about: str, salt: bytes) -> bytes:
    """The key that one file alone is sealed under."""
    return HKDF(
        algorithm=SHA256(), length=_OCTETS, salt=salt, info=b"iotistic backup file " + about.encode()
    ).derive(key)


def _salt(sealed: IO[bytes], about: str) -> bytes:
    head = sealed.read(len(_MAGIC) + SALT)
    if not head.startswith(_MAGIC) or len(head) < len(_MAGIC) + SALT:
        raise BackupDamaged(f"{about} is no sealed file, or its beginning was cut off or changed.")
    return head[len(_MAGIC) :]


def _pieces(file: IO[bytes], size: int) -> Iterator[tuple[bytes, bool]]:
    """Each piece, and whether it is the last: there always is one, if an empty one."""
    piece = file.read(size)
    while True:
        following = file.read(size)
        yield piece, not following
        if not following:
            return
        piece = following


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _count(source: Path, first: int) -> int:
    return -(-(source.stat().st_size - first) // (_CHUNK + _TAG))


def _explain(cipher: AESGCM, chunk: bytes, number: int, is_last: bool, count: int) -> str:  # noqa: FBT001 - private, one caller
    """Which other place the chunk belongs to, if any: found by trying, which costs something only when all is lost anyway."""
    if _opens(cipher, chunk, number, last=not is_last):
        return (
            f"it was cut off after chunk {number}" if is_last else f"it goes on after its end, chunk {number}"
        )
    for other in range(count + 1):
        if any(_opens(cipher, chunk, other, last=last) for last in (False, True)):
            return f"its chunk {other} is in the place of chunk {number}"
    return f"chunk {number} of {count} was changed or cut, or the file is of another backup or place"


def _opens(cipher: AESGCM, chunk: bytes, number: int, *, last: bool) -> bool:
    try:
        cipher.decrypt(_nonce(number, last=last), chunk, None)
    except InvalidTag:
        return False
    return True
