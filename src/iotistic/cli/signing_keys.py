"""`iotistic secrets signing`: what access tokens are signed with."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.security.signing import SigningKeySeen

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Keys that access tokens are signed with. They are replaced every 30 days by themselves.",
)


@app.callback()
def signing() -> None:
    """Keys that access tokens are signed with. They are replaced every 30 days by themselves."""


@app.command("list")
def list_keys(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """List them, newest first: one signs, those before it verify until their last token has ended (with --json: one object a line)."""
    rows = [asdict(key) for key in run_async(_look(settings_from(data_dir, url)))]
    if as_json:
        print_json_lines(rows)
    else:
        columns = ["id", "algorithm", "state", "created_at", "retired_at", "ends_at"]
        print_table(rows, columns, empty="There is none yet: the first login makes it.")


@app.command()
def rotate(data_dir: DataDir = None, url: Url = None) -> None:
    """Have another key sign from now on, in every process. Tokens of the one before stay good for their time; nobody logs in again."""
    if run_async(_rotate(settings_from(data_dir, url))):
        narrate("Another key signs from now on.")
    else:
        narrate("There is no key yet: the first login makes it.")


@app.command()
def retire(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key, as `list` shows it.")],
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """End a key that may have leaked: no token of it is good from now on, in any process. Sessions get others by a refresh."""
    run_async(_retire(settings_from(data_dir, url), key_id))
    narrate(f"No token of {key_id} is good any more.")


async def _look(settings: Settings) -> Sequence[SigningKeySeen]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.signing.list_keys()


async def _rotate(settings: Settings) -> bool:
    async with opened(settings) as platform, platform.begin() as work:
        return await work.signing.rotate()


async def _retire(settings: Settings, key_id: str) -> None:
    async with opened(settings) as platform, platform.begin() as work:
        await work.signing.retire(key_id)
