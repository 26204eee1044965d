"""Copies of backups in a storage: sent when whole, brought back when needed, checked by what the manifest says of every file.

<database>/<id>/...              the files of the folder, manifest.json last: a copy without it does not count
<database>/<id>.proof.json       what became known of it later, as beside the folder
"""

import hashlib
from collections.abc import Sequence
from typing import final

import msgspec

from iotistic.operations.backups.errors import BackupDamaged
from iotistic.operations.backups.folders import MANIFEST, SEAL, settle
from iotistic.operations.backups.model import Manifest
from iotistic.operations.backups.records import PIN, PROOF, RECORDS, Proof
from iotistic.operations.backups.storage import ObjectMissing, Storage
from iotistic.operations.backups.store import SIDE_FILES, BackupStore, Unreadable

__all__ = ["Copies"]

_DEPTH = 2
"""How many slashes are in the name of a manifest."""


@final
class Copies:
    """Those in one storage. Fulfils `pruning.Shelf`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    @property
    def address(self) -> str:
        """Where they lie."""
        return self._storage.address

    def list(self, database: str | None = None) -> Sequence[Manifest]:
        """Whole copies whose manifest can be read, newest first; of one database, or of all."""
        return self.look(database)[0]

    def look(self, database: str | None = None) -> tuple[Sequence[Manifest], Sequence[Unreadable]]:
        """The same, and those whose manifest cannot be believed: one of them hides no other, and none is ever removed."""
        prefix, whole, bad = f"{database}/" if database else "", list[Manifest](), list[Unreadable]()
        for name in self._storage.names(prefix):
            if not name.endswith(f"/{MANIFEST}") or name.count("/") != _DEPTH:
                continue
            try:
                whole.append(self._read(name))
            except (BackupDamaged, ObjectMissing) as error:
                where, backup, _ = name.split("/")
                bad.append(Unreadable(id=backup, database=where, why=error.message))
        return sorted(whole, key=lambda manifest: manifest.id, reverse=True), bad

    def missing(self, store: BackupStore, database: str) -> Sequence[Manifest]:
        """Backups here that are newer than every copy, oldest first: an older one without a copy was let go."""
        newest = next((each.id for each in self.list(database)), "")
        return [each for each in reversed(store.list(database)) if each.id > newest]

    def find(self, name: str, database: str | None = None) -> Manifest | None:
        """The copy with this id, or the newest full one for `latest`. Raises BackupDamaged where that one, or a newer one, cannot be read."""
        whole, bad = self.look(database)
        found = next((each for each in whole if each.id == name or (name == "latest" and each.is_full)), None)
        for each in bad:
            if each.id == name or (name == "latest" and (found is None or each.id > found.id)):
                raise BackupDamaged(each.why, hint="`iotistic backup list` shows the others.", name=each.id)
        return found

    def has(self, manifest: Manifest) -> bool:
        """Whether there is a whole copy of it; one question, however many others there are."""
        name = _below(manifest) + MANIFEST
        return name in self._storage.names(name)

    def send(self, store: BackupStore, manifest: Manifest, *, again: bool = False) -> bool:
        """Copies a whole backup; False if the storage has it already. What an interrupted run sent is sent again."""
        if not again and self.has(manifest):
            return False
        folder, below = store.folder_of(manifest), _below(manifest)
        for name in [file.path for file in manifest.files]:
            self._storage.put(below + name, folder / name)
        for name in SIDE_FILES:  # the manifest last
            if (folder / name).exists():
                self._storage.put(below + name, folder / name)
        self.send_records(store, manifest)
        return True

    def send_records(self, store: BackupStore, manifest: Manifest) -> None:
        """Makes what is known of a copy the same as of the backup here."""
        for ending in RECORDS:
            name = f"{manifest.database}/{manifest.id}{ending}"
            if (store.root / name).exists():
                self._storage.put(name, store.root / name)
            elif ending == PIN:
                self._storage.remove(name)

    def bring(self, store: BackupStore, manifest: Manifest) -> Manifest:
        """Copies it back into the folder of backups, where it counts once every file is what the manifest says.

        Raises BackupDamaged, StorageRefused; then nothing of it is there.
        """
        with store.draft(manifest.database, manifest.id) as draft:
            for name in [*(file.path for file in manifest.files), *SIDE_FILES]:
                target = draft / name
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                try:
                    self._storage.fetch(_below(manifest) + name, target)
                except ObjectMissing:
                    target.unlink(missing_ok=True)  # a file that is missing is named by the check
            store.check_folder(manifest, draft)
            settle(draft, manifest.id)
        self._bring_records(store, manifest)
        return store.get(manifest.id, manifest.database)

    def check(self, manifest: Manifest) -> int:
        """Reads every file in the storage and compares; answers the bytes read. Raises BackupDamaged naming what is wrong."""
        wrong: list[str] = []
        for file in manifest.files:
            try:
                size, digest = self._storage.digest(_below(manifest) + file.path)
            except ObjectMissing:
                wrong.append(f"{file.path} is missing")
                continue
            if (size, digest) != (file.bytes, file.sha256):
                wrong.append(f"{file.path} has other content than was written")
        if wrong:
            raise BackupDamaged(
                f"The copy of {manifest.id} in {self.address} is damaged: {'; '.join(wrong[:5])}.",
                hint=f"`iotistic backup send --again {manifest.id}` while it is whole here.",
                files=len(wrong),
            )
        return manifest.bytes

    def remove(self, manifest: Manifest) -> None:
        """Deletes a copy: its manifest first, so that half of one never counts."""
        self._storage.remove(_below(manifest) + MANIFEST)
        for name in self._storage.names(_below(manifest)):
            self._storage.remove(name)

    def forget(self, manifest: Manifest) -> None:
        """Deletes what is known of a copy that is gone."""
        for ending in RECORDS:
            self._storage.remove(f"{manifest.database}/{manifest.id}{ending}")

    def proved(self, database: str) -> frozenset[str]:
        """The ids of copies whose backup was restored and compared."""
        return frozenset(name for name in self._marked(database, PROOF) if self._proves(database, name))

    def pinned(self, database: str) -> frozenset[str]:
        """The ids of those that are to stay."""
        return self._marked(database, PIN)

    def _proves(self, database: str, backup: str) -> bool:
        try:
            msgspec.json.decode(self._storage.read(f"{database}/{backup}{PROOF}"), type=Proof)
        except (ObjectMissing, msgspec.MsgspecError):
            return False  # an unreadable proof proves nothing
        return True

    def _marked(self, database: str, ending: str) -> frozenset[str]:
        names = self._storage.names(f"{database}/")
        return frozenset(
            name.removeprefix(f"{database}/").removesuffix(ending) for name in names if name.endswith(ending)
        )

    def _bring_records(self, store: BackupStore, manifest: Manifest) -> None:
        for ending in RECORDS:
            name = f"{manifest.database}/{manifest.id}{ending}"
            if not (store.root / name).exists() and name in self._storage.names(name):
                self._storage.fetch(name, store.root / name)

    def _read(self, name: str) -> Manifest:
        text = self._storage.read(name)
        try:
            seal = self._storage.read(name.removesuffix(MANIFEST) + SEAL).strip()
        except ObjectMissing as error:
            raise BackupDamaged(f"The manifest {name} in {self.address} lacks its checksum.") from error
        if hashlib.sha256(text).hexdigest().encode() != seal:
            raise BackupDamaged(f"The manifest {name} in {self.address} was changed after it was written.")
        try:
            return msgspec.json.decode(text, type=Manifest)
        except msgspec.MsgspecError as error:
            raise BackupDamaged(f"The manifest {name} in {self.address} cannot be read: {error}.") from error


def _below(manifest: Manifest) -> str:
    return f"{manifest.database}/{manifest.id}/"
