"""The commands of `iotistic db`."""

import typer

from iotistic.cli.db.access_rules import app as hba_app
from iotistic.cli.db.activity import show_activity
from iotistic.cli.db.connecting import psql, show_url
from iotistic.cli.db.ending import end_session
from iotistic.cli.db.locks import show_locks
from iotistic.cli.db.looking import show_indexes, show_sizes, show_statements, show_status
from iotistic.cli.db.roles import app as roles_app
from iotistic.cli.db.rotating import rotate

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="What the databases do and hold, and ways into them.",
)

app.command("status")(show_status)
app.command("sizes")(show_sizes)
app.command("queries")(show_statements)
app.command("indexes")(show_indexes)
app.command("locks")(show_locks)
app.command("activity")(show_activity)
app.command("kill")(end_session)
app.add_typer(hba_app, name="hba")
app.add_typer(roles_app, name="roles")
app.command("rotate-password")(rotate)
app.command("url")(show_url)
app.command("psql")(psql)
