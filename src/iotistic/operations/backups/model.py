"""What a backup says about itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

__all__ = ["BackupFile", "Compression", "Grant", "Manifest", "SessionSetting", "TableCount"]

Compression = Literal["zstd", "gzip"]
_KEY_ID = 2
"""Its place in a sealed text: sealed:1:<key id>:..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCount:
    """One table that holds rows itself: a plain one, or a leaf of a partitioned one."""

    schema: str
    name: str
    rows: int
    """Counted on the dump's own snapshot."""
    digest: str | None = None
    """The sum of a 64-bit hash of each row as text, in decimal; None where it was not asked for."""
    bytes: int = 0
    """On disk when the dump began, without indexes."""

    @property
    def label(self) -> str:
        """As people write it."""
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFile:
    """One file of the backup."""

    path: str
    """From the backup's folder, with slashes."""
    bytes: int
    sha256: str
    """In hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSetting:
    """A setting that ALTER DATABASE or ALTER ROLE IN DATABASE gave the database; a dump leaves these out."""

    role: str | None
    """The role it holds for; None: for everybody."""
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a role may do with the database as a whole; a dump leaves these out too."""

    role: str
    """PUBLIC is everybody."""
    privilege: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything a restore has to know and to compare. Written last: a folder without one is no backup."""

    format: int
    """The layout of the folder; 1."""
    id: str
    """When it began and a few random letters: the name of its folder."""
    database: str
    tables_asked: tuple[str, ...]
    """What was named; empty: the whole database."""
    server_version: int
    """As libpq gives it: 180006."""
    tool_major: int
    """The major version of the pg_dump that wrote it."""
    compression: Compression
    started_at: datetime
    finished_at: datetime
    database_bytes: int
    """The database on disk when the dump began."""
    owner: str
    extensions: tuple[str, ...]
    roles: tuple[str, ...]
    """The roles that own something in it or were granted something."""
    settings: tuple[SessionSetting, ...]
    grants: tuple[Grant, ...]
    tables: tuple[TableCount, ...]
    files: tuple[BackupFile, ...]
    warnings: tuple[str, ...] = ()
    """What looked odd, in words."""
    sealed_key: str | None = None
    """The key its files are sealed under, itself sealed (`iotistic.sealing`); None: they are not."""

    @property
    def is_full(self) -> bool:
        """Whether it can replace the database."""
        return not self.tables_asked

    @property
    def key_id(self) -> str | None:
        """The name of the key that has to be given; None: the files are as pg_dump wrote them."""
        return self.sealed_key.split(":")[_KEY_ID] if self.sealed_key else None

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    @property
    def bytes(self) -> int:
        """On disk, all files."""
        return sum(file.bytes for file in self.files)
