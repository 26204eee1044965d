"""Reads the archive: checks its files, and answers queries on views named like the tables."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import final

from iotistic.operations.archive.catalogue import Catalogue
from iotistic.operations.archive.errors import ArchiveDamaged
from iotistic.operations.archive.model import Manifest, differences
from iotistic.operations.archive.parquet import Answer, DuckDb
from iotistic.operations.archive.storage import Folder

__all__ = ["ArchiveReader"]


@final
class ArchiveReader:
    """An archive in a folder."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._catalogue = Catalogue(folder)

    def list_parts(self, *, table: str | None = None) -> list[Manifest]:
        """Every archived file."""
        return self._catalogue.list_parts(table=table)

    def verify(self, part: Manifest) -> None:
        """Reads one file whole. Raises ArchiveDamaged when its bytes or its contents are not what was archived."""
        path = self._catalogue.file(part)
        with self._duck() as duck:
            rows, checks = duck.count([path]), duck.checks(path, part.columns)
        problems = differences(part.checks, checks)
        if rows != part.rows:
            problems.append(f"{rows} rows, not {part.rows}")
        if problems:
            raise ArchiveDamaged(f"{part.file_key} does not hold what was archived: {'; '.join(problems)}.")

    @contextmanager
    def query(self, text: str) -> Generator[Answer]:
        """One SELECT. Raises QueryRefused, ArchiveSupportMissing."""
        files: dict[str, list[Path]] = {}
        for part in self._catalogue.list_parts():
            files.setdefault(part.table, []).append(self._folder.path(part.file_key).resolve())
        with self._duck() as duck:
            yield duck.query(text, files, self._folder.root.resolve())

    @contextmanager
    def _duck(self) -> Generator[DuckDb]:
        with TemporaryDirectory(prefix="iotistic-archive-") as workplace:
            duck = DuckDb(Path(workplace))
            try:
                yield duck
            finally:
                duck.close()
