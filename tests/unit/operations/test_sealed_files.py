"""A sealed file opens whole, in its place, under its key; everything else is named."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from iotistic.operations.backups.chunks import SALT, open_file, seal_file
from iotistic.operations.backups.errors import BackupDamaged

KEY, ABOUT = bytes(range(32)), "backup 1 dump/1.dat"
CHUNK = 1 << 20
SEALED_CHUNK = CHUNK + 16
HEAD = len(b"iotistic sealed file 1\n") + SALT


def sealed(folder: Path, content: bytes, *, name: str = "sealed") -> Path:
    clear = folder / f"{name}.clear"
    clear.write_bytes(content)
    seal_file(clear, folder / name, KEY, about=ABOUT, salt=bytes(SALT))
    return folder / name


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5])
def test_what_was_sealed_comes_back(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    path = sealed(tmp_path, content)
    assert open_file(path, tmp_path / "opened", KEY, about=ABOUT) == size
    assert (tmp_path / "opened").read_bytes() == content
    assert size < CHUNK // 2 or content[: CHUNK // 2] not in path.read_bytes()


def pieces(content: bytes) -> list[bytes]:
    return [content[at : at + SEALED_CHUNK] for at in range(HEAD, len(content), SEALED_CHUNK)]


def flipped(content: bytes) -> bytes:
    at = HEAD + SEALED_CHUNK + 1000
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def reordered(content: bytes) -> bytes:
    first, second, *rest = pieces(content)
    return content[:HEAD] + b"".join([second, first, *rest])


def repeated(content: bytes) -> bytes:
    first, second, *rest = pieces(content)
    return content[:HEAD] + b"".join([first, first, second, *rest])


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (flipped, "chunk 1 of 4 was changed or cut"),
        (reordered, "its chunk 1 is in the place of chunk 0"),
        (repeated, "its chunk 0 is in the place of chunk 1"),
        (lambda content: content[: HEAD + 2 * SEALED_CHUNK], "it was cut off after chunk 1"),
        (lambda content: content[:-1], "chunk 3 of 4 was changed or cut"),
        (lambda content: content[: HEAD - 1], "its beginning was cut off"),
        (lambda _: b"", "its beginning was cut off"),
        (lambda content: content + b"more", "chunk 3 of 4 was changed or cut"),
        (lambda content: content[: HEAD - 1] + b"x" + content[HEAD:], "chunk 0 of 4 was changed or cut"),
    ],
)
def test_what_was_done_to_a_file_is_named(
    tmp_path: Path, damage: Callable[[bytes], bytes], told: str
) -> None:
    path = sealed(tmp_path, os.urandom(3 * CHUNK + 5))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BackupDamaged, match=told):
        open_file(path, tmp_path / "opened", KEY, about=ABOUT)


def test_a_file_that_goes_on_after_its_end_is_named(tmp_path: Path) -> None:
    path = sealed(tmp_path, os.urandom(CHUNK))
    path.write_bytes(path.read_bytes() + bytes(100))
    with pytest.raises(BackupDamaged, match="it goes on after its end, chunk 0"):
        open_file(path, None, KEY, about=ABOUT)


@pytest.mark.parametrize(
    ("key", "about"),
    [(bytes(32), ABOUT), (KEY, "backup 2 dump/1.dat"), (KEY, "backup 1 dump/2.dat")],
    ids=["another key", "another backup", "another file"],
)
def test_a_file_opens_only_in_its_place_under_its_key(tmp_path: Path, key: bytes, about: str) -> None:
    path = sealed(tmp_path, b"rows")
    with pytest.raises(BackupDamaged, match="chunk 0 of 1 was changed or cut, or the file is of another"):
        open_file(path, tmp_path / "opened", key, about=about)
