"""What `iotistic keys` can do, and where each command lives."""

import typer

from iotistic.cli.keys.issuing import issue, revoke
from iotistic.cli.keys.looking import list_keys, report
from iotistic.cli.keys.rotating import rotate

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List, make, replace and revoke keys of devices and accounts.",
)
app.command("list")(list_keys)
app.command("issue")(issue)
app.command("rotate")(rotate)
app.command("revoke")(revoke)
app.command("report")(report)
