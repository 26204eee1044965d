"""A history whose files nobody else changes meanwhile."""

import tempfile
from collections.abc import Collection, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from iotistic.migrations.files import look_into
from iotistic.migrations.history import History

__all__ = ["copied"]


@contextmanager
def copied(history: History, *, only: Collection[str] | None = None) -> Generator[History]:
    """The same history on a private copy of its files, or of those named in `only`; the copy is removed on leaving.

    Raises FilesRefused on a missing folder.
    """
    with tempfile.TemporaryDirectory(prefix="iotistic-migrations-") as name:
        folder = Path(name)
        for filename, content in look_into(history.folder, service=history.service).contents:
            if only is None or filename in only:
                (folder / filename).write_bytes(content)
        yield replace(history, folder=folder)
