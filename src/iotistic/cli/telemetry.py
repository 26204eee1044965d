"""`iotistic telemetry ...`."""

import typer

from iotistic.cli.quarantine import app as quarantine

__all__ = ["app"]

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Look after what devices reported and was set aside."
)
app.add_typer(quarantine, name="quarantine")
