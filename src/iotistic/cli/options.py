"""Options that every command which talks to the platform takes, and the settings they lead to."""

from pathlib import Path
from typing import Annotated

import typer

from iotistic.config import Settings, environment, load_settings, surroundings

__all__ = ["AsJson", "DataDir", "Url", "settings_from"]

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", metavar="PATH", help="The installation's folder, with the embedded PostgreSQL in it."
    ),
]
Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="A PostgreSQL server to use instead: postgresql://..."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def settings_from(data_dir: Path | None = None, url: str | None = None) -> Settings:
    """The settings of environment and .env with these options on top. Raises SettingsInvalid."""
    overrides: dict[str, str] = {}
    if data_dir is not None:
        overrides["IOTISTIC_DATA_DIR"] = str(data_dir.expanduser().absolute())
    if url is not None:
        overrides["DATABASE_URL"] = url
    facts = environment()
    return load_settings(facts, dotenv=Path(".env"), overrides=overrides, surroundings=surroundings(facts))
