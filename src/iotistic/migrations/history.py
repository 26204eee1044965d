"""Which files belong to which table: the identity of one migration history."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iotistic.migrations.quoting import LedgerNames, quoted

if TYPE_CHECKING:  # importing it loads tempfile, shutil, zlib: 20 ms of CPU
    from importlib.resources.abc import Traversable

    from iotistic.migrations.files import Folder

__all__ = ["BILLING", "PLATFORM", "SERVICES", "VPN", "History", "command_line", "quoted"]


@dataclass(frozen=True, kw_only=True, slots=True)
class History(LedgerNames):
    """One folder of files and the table that remembers which of them were applied."""

    service: str
    """Whose schema it is: part of the lock's name, of the application name and of every message."""
    folder: "Path | Traversable | Folder"
    """Where the files are; or what they were, when nobody shall change them meanwhile."""
    schema: str = "public"
    """The schema of the table; files run with it first in their search path."""
    table: str = "schema_migrations"
    """The table of applied files; the events lie beside it, under this name plus `_events`."""

    @property
    def lock_name(self) -> str:
        """What the advisory lock's number is computed from."""
        return f"iotistic.migrations:{self.service}:{self.schema}.{self.table}"

    @property
    def search_path(self) -> str:
        """What unqualified names in a file mean: never the role's own default, which differs between installations."""
        return quoted(self.schema) if self.schema == "public" else f"{quoted(self.schema)}, public"


# Not importlib.resources: that import alone costs more than the whole no-op path.
_SQL = Path(__file__).parent / "sql"

PLATFORM = History(service="platform", folder=_SQL / "platform")
BILLING = History(service="billing", folder=_SQL / "billing")
VPN = History(service="vpn", folder=_SQL / "vpn")

SERVICES: dict[str, History] = {history.service: history for history in (PLATFORM, BILLING, VPN)}
"""The histories that ship with this package, by service."""


def command_line(service: str, *words: str) -> str:
    """What to type to do something to a service's history: `iotistic migrate unmark 7 --database billing`."""
    if service == PLATFORM.service:
        where: tuple[str, ...] = ()
    else:
        where = ("--database", service) if service in SERVICES else ("--dir ...", "--url ...")
    # What follows "--" are names, whatever they look like.
    ends = words.index("--") if "--" in words else len(words)
    return " ".join(("iotistic migrate", *words[:ends], *where, *words[ends:]))
