"""What a server of a given version can do, in one table instead of `if version >= ...` all over the code."""

from enum import Enum
from typing import final

from iotistic.errors import Invalid

__all__ = ["SUPPORTED_MAJORS", "Capability", "VersionUnsupported", "require_supported", "supports"]

SUPPORTED_MAJORS = range(15, 19)


class VersionUnsupported(Invalid):
    """The server's major version is outside 15 to 18."""

    code = "postgres_version_unsupported"


@final
class Capability(Enum):
    """A thing not every supported server can do: (first major that can, what it is)."""

    TABLE_AND_CHILDREN = (16, "pg_dump --table-and-children takes the partitions of a parent along")
    PG_STAT_IO = (16, "pg_stat_io counts reads and writes by backend kind")
    GENERIC_PLAN = (16, "EXPLAIN (GENERIC_PLAN) shows a plan without parameters")
    BUILTIN_LOCALE = (17, "initdb --locale-provider=builtin gives code-point order without the C library")
    INCREMENTAL_BACKUP = (17, "pg_basebackup --incremental sends changed blocks only")
    MAINTAIN_PRIVILEGE = (17, "pg_maintain may VACUUM, ANALYZE and REINDEX without ownership")
    TRANSACTION_TIMEOUT = (17, "transaction_timeout bounds a whole transaction")
    ANALYZE_ONLY = (18, "ANALYZE ONLY takes the statistics of a partitioned parent without its leaves")
    SKIP_SCAN = (18, "a B-tree serves a query that leaves out its first column")
    ASYNC_IO = (18, "io_method selects asynchronous reads")
    UUIDV7 = (18, "uuidv7() makes time-ordered identifiers")

    @property
    def since(self) -> int:
        return self.value[0]

    @property
    def meaning(self) -> str:
        return self.value[1]


def supports(server_version: int, capability: Capability) -> bool:
    """Whether a server can do it; `server_version` as libpq gives it, for example 180006."""
    return server_version // 10_000 >= capability.since


def require_supported(server_version: int) -> None:
    """Raises VersionUnsupported outside the supported majors."""
    major = server_version // 10_000
    if major not in SUPPORTED_MAJORS:
        raise VersionUnsupported(
            f"This is PostgreSQL {major}; supported are {SUPPORTED_MAJORS.start} to {SUPPORTED_MAJORS.stop - 1}.",
            hint="Point DB_HOST at a supported server, or unset it to use the embedded one.",
            major=major,
        )
