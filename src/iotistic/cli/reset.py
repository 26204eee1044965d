"""`iotistic reset`."""

import shutil
from typing import Annotated

import typer

from iotistic.cli.down import stop_everything
from iotistic.cli.options import DataDir, settings_from
from iotistic.cli.output import narrate, run_async
from iotistic.data_folder import DataFolder

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def reset(
    data_dir: DataDir = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete the local data and begin anew (asks first).

    Only what this platform put into the folder goes; a configured server (DB_HOST) is never touched.
    """
    folder = DataFolder(settings_from(data_dir).data_dir)
    doomed = [path for path in (*folder.parts, folder.up_state) if path.exists()]
    if not doomed:
        narrate(f"There is no data in {folder.root}.")
        return
    narrate("This stops the platform and deletes, for good:")
    for path in doomed:
        narrate(f"  {path}")
    if not yes and typer.prompt("Type the folder's name to go on", err=True) != folder.root.name:
        raise typer.Abort
    run_async(stop_everything(folder))
    for path in doomed:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    narrate("Done. `iotistic up` begins anew.")
