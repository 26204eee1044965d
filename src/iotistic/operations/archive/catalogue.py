"""The archive as a set of manifests in a storage."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, final

from iotistic.operations.archive.errors import ArchiveDamaged
from iotistic.operations.archive.model import Check, Column, Manifest
from iotistic.operations.archive.storage import Storage, digest

__all__ = ["Catalogue"]

_FORMAT = 1


@final
class Catalogue:
    """What is in a storage."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def list_parts(self, *, table: str | None = None, leaf: str | None = None) -> list[Manifest]:
        """Every archived file, by table, partition and part. Raises ArchiveDamaged on a manifest that cannot be read."""
        found = (self._read(key) for key in self.storage.keys(".json"))
        chosen = [one for one in found if table in {None, one.table} and leaf in {None, one.leaf}]
        return sorted(chosen, key=lambda one: (one.table, one.lower, one.leaf, one.part))

    def file(self, manifest: Manifest) -> Path:
        """The Parquet file, if it is there and is what the manifest says. Raises ArchiveDamaged."""
        try:
            path = self.storage.path(manifest.file_key)
        except FileNotFoundError:
            raise ArchiveDamaged(
                f"{manifest.file_key} is missing.", hint="Bring it back from a backup of the archive."
            ) from None
        if path.stat().st_size != manifest.bytes or digest(path) != manifest.sha256:
            raise ArchiveDamaged(
                f"{manifest.file_key} is not what its manifest says: another size or SHA-256.",
                hint="Bring it back from a backup of the archive.",
            )
        return path

    def add(self, manifest: Manifest, written: Path) -> None:
        """Takes a finished file in, then its manifest: a kill in between leaves a file that nobody counts, and is written again."""
        self.storage.put(manifest.file_key, written)
        text = json.dumps({"format": _FORMAT, **asdict(manifest)}, indent=2, default=_plain) + "\n"
        with NamedTemporaryFile("w", dir=self.storage.workplace(), delete=False, encoding="utf-8") as file:
            file.write(text)
        self.storage.put(manifest.key, Path(file.name))

    def _read(self, key: str) -> Manifest:
        try:
            return _manifest(json.loads(self.storage.read(key)))
        except (ValueError, KeyError, TypeError) as error:
            raise ArchiveDamaged(f"{key} is no manifest of an archived partition: {error}.") from error


def _manifest(fields: dict[str, Any]) -> Manifest:
    if fields.pop("format") != _FORMAT:
        raise ValueError("its format is of a later version")
    fields["columns"] = tuple(Column(**column) for column in fields["columns"])
    fields["checks"] = {name: Check(**check) for name, check in fields["checks"].items()}
    for name in ("lower", "upper", "created_at"):
        fields[name] = datetime.fromisoformat(fields[name])
    return Manifest(**fields)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
