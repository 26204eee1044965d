"""What is archived, as manifests say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Check", "Column", "Manifest", "differences"]

_TOLERANCE = 1e-9
"""Of a sum of floating-point numbers, whose order differs between the two sides, against the sum of their sizes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the table and of the file."""

    name: str
    type: str
    """In PostgreSQL."""
    stored_as: str
    """In the Parquet file, as DuckDB names types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What one column adds up to: computed by PostgreSQL from the table and by DuckDB from the file."""

    values: int
    """Not NULL; of an array the elements that are not."""
    total: int
    """Exact: of whole numbers and times their sum, of texts the sum of the first 32 bits of their MD5."""
    sum: float = 0.0
    """Of floating-point numbers, without NaN and infinities."""
    sizes: float = 0.0
    """Of their absolute values: what `sum` may be off is measured by it."""

    def agrees(self, other: "Check") -> bool:
        """Whether both are of the same rows."""
        allowed = _TOLERANCE * max(self.sizes, other.sizes)
        return (
            (self.values, self.total) == (other.values, other.total)
            and abs(self.sum - other.sum) <= allowed
            and abs(self.sizes - other.sizes) <= allowed
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One Parquet file. It counts as archived from the moment its manifest is there, which is written last."""

    table: str
    """The partitioned table."""
    leaf: str
    """The partition."""
    part: int
    """1, or more where rows came after the first was written."""
    file: str
    """Its name beside the manifest."""
    lower: datetime
    """The first moment the partition held."""
    upper: datetime
    rows: int
    bytes: int
    sha256: str
    columns: tuple[Column, ...]
    checks: Mapping[str, Check]
    """By the name of the column."""
    created_at: datetime

    @property
    def key(self) -> str:
        """Where the manifest is kept."""
        return f"{self.table}/{self.leaf}.{self.part}.json"

    @property
    def file_key(self) -> str:
        """Where the file is kept."""
        return f"{self.table}/{self.file}"


def differences(wanted: Mapping[str, Check], found: Mapping[str, Check]) -> list[str]:
    """The columns that do not agree, with both sides."""
    nothing = Check(values=0, total=0)
    return [
        f"{name}: {wanted.get(name, nothing)} in the table, {found.get(name, nothing)} in the archive"
        for name in sorted({*wanted, *found})
        if not wanted.get(name, nothing).agrees(found.get(name, nothing))
    ]
