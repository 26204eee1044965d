"""The commands of `iotistic migrate`. Each one's module is loaded when it is asked for: together they cost half a second."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

__all__ = ["app"]


@dataclass(frozen=True, slots=True)
class _Lazy:
    """Where a command is."""

    module: str
    """The module within this package."""
    name: str
    """The function, or the Typer of a group."""


_COMMANDS: Final = {
    "run": _Lazy("running", "run"),
    "dry-run": _Lazy("running", "dry_run"),
    "status": _Lazy("status", "show_status"),
    "log": _Lazy("history_log", "show_log"),
    "create": _Lazy("creating", "create"),
    "mark-applied": _Lazy("marking", "mark_applied"),
    "unmark": _Lazy("marking", "unmark"),
    "baseline": _Lazy("marking", "baseline"),
    "repair": _Lazy("marking", "repair"),
    "verify": _Lazy("comparing", "verify_schema"),
    "dump": _Lazy("comparing", "dump_schema"),
    "lint": _Lazy("linting", "run_lint"),
    "import": _Lazy("importing", "import_history"),
    "tenants": _Lazy("tenants", "tenants"),
}


class _Commands(TyperGroup):
    """Loads a command when it is named; `iotistic migrate` alone, or with options first, means `run`."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - the attributes are Typer's own affair
        super().__init__(**attributes)
        self.commands: dict[str, Any] = dict.fromkeys(_COMMANDS)  # for the suggestion after a misspelling

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - as above
        first = args[0] if args else ""
        if first not in {"--help", "-h"} and (not first or first.startswith("-")):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - as above
        """Every command, in the order of a day's work."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - as above
        """The command of that name, loaded now; None when there is none."""
        del ctx
        place = _COMMANDS.get(cmd_name)
        if place is None:
            return None
        found = getattr(import_module(f"iotistic.cli.migrate.{place.module}"), place.name)
        alone = typer.Typer(add_completion=False)
        if isinstance(found, typer.Typer):
            alone.add_typer(found, name=cmd_name)
            group = get_command(alone)
            return group.commands[cmd_name] if isinstance(group, TyperGroup) else group
        alone.command(cmd_name)(found)
        return get_command(alone)


app = typer.Typer(
    cls=_Commands,
    add_completion=False,
    invoke_without_command=True,
    help="Bring databases to the newest schema, and see what is pending.",
    epilog="Exit codes: 0 done, 1 usage or unusable files, 2 pending (status --check), 3 drift, duplicate or order, "
    "4 another runner holds the lock, 5 SQL failed, 6 no connection, 7 some tenants failed, 8 lint refused.",
)


@app.callback()
def _migrate() -> None:
    """Bring databases to the newest schema, and see what is pending."""
