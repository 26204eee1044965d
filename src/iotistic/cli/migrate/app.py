"""The commands of `iotistic migrate`, put together."""

from typing import Any

import typer
from typer.core import TyperGroup

from iotistic.cli.migrate.comparing import dump_schema, verify_schema
from iotistic.cli.migrate.creating import create
from iotistic.cli.migrate.history_log import show_log
from iotistic.cli.migrate.importing import import_history
from iotistic.cli.migrate.linting import run_lint
from iotistic.cli.migrate.marking import baseline, mark_applied, repair, unmark
from iotistic.cli.migrate.running import dry_run, run
from iotistic.cli.migrate.status import show_status
from iotistic.cli.migrate.tenants import tenants

__all__ = ["app"]


class _RunByDefault(TyperGroup):
    """`iotistic migrate` alone, or with options first, means `iotistic migrate run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - the context class is Typer's own affair
        first = args[0] if args else ""
        if first not in {"--help", "-h"} and (not first or first.startswith("-")):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_RunByDefault,
    add_completion=False,
    help="Bring databases to the newest schema, and see what is pending.",
    epilog="Exit codes: 0 done, 1 usage or unusable files, 2 pending (status --check), 3 drift, duplicate or order, "
    "4 another runner holds the lock, 5 SQL failed, 6 no connection, 7 some tenants failed, 8 lint refused.",
)

app.command("run")(run)
app.command("dry-run")(dry_run)
app.command("status")(show_status)
app.command("log")(show_log)
app.command("create")(create)
app.command("mark-applied")(mark_applied)
app.command("unmark")(unmark)
app.command("baseline")(baseline)
app.command("repair")(repair)
app.command("verify")(verify_schema)
app.command("dump")(dump_schema)
app.command("lint")(run_lint)
app.command("import")(import_history)
app.add_typer(tenants, name="tenants")
