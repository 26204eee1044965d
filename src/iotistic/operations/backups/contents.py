"""What a dump says is in it, before it is loaded."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from iotistic.database.client_tools import find_tool, run_tool
from iotistic.operations.backups.errors import TableUnknown

__all__ = ["require_tables"]


async def require_tables(dump: Path, asked: Sequence[str], *, tool_major: int) -> None:
    """Raises TableUnknown naming those that are not in the dump; a partitioned table is, by its own name."""
    if not asked:
        return
    lines = [line for line in (await _listing(dump, tool_major)).splitlines() if " TABLE " in line]
    unknown = [name for name in asked if not any(_names(line, name) for line in lines)]
    if unknown:
        raise TableUnknown(
            f"There is no table {', '.join(unknown)} in this backup.",
            hint="`iotistic backup show` lists those with rows; another schema is written in front: SCHEMA.TABLE.",
            tables=unknown,
        )


def _names(line: str, name: str) -> bool:
    """Whether pg_restore lists a table of this name: `SCHEMA TABLE` between blanks, nothing quoted. A name may hold a dot."""
    return f" {name} " in line or f" {name.replace('.', ' ', 1)} " in line


async def _listing(dump: Path, tool_major: int) -> str:
    """Of pg_restore: "215; 1259 16385 TABLE public devices iotistic_owner", one line each."""
    with TemporaryDirectory(prefix="iotistic-") as folder:
        target = Path(folder) / "contents"
        await run_tool(find_tool("pg_restore", at_least=tool_major), ["--list", str(dump)], {}, output=target)
        return target.read_text(encoding="utf-8", errors="replace")
