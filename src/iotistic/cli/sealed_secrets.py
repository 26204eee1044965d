"""`iotistic secrets`: what is sealed at rest, and the keys it is sealed under."""

import sys

import typer

from iotistic.sealing import new_sealing_key

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Secrets in the database: the keys they are sealed under.",
)


@app.callback()
def secrets() -> None:
    """Secrets in the database: the keys they are sealed under."""


@app.command("new-key")
def print_new_key() -> None:
    """Print a new sealing key, for IOTISTIC_SEALING_KEY or a file of IOTISTIC_SEALING_KEY_FILE. It is kept nowhere."""
    sys.stdout.write(new_sealing_key().reveal() + "\n")
