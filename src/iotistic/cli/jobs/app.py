"""What `iotistic jobs` can do, and where each command lives."""

import typer

from iotistic.cli.jobs.acting import cancel, pause, resume, retry
from iotistic.cli.jobs.looking import devices, list_jobs, result, show
from iotistic.cli.jobs.schedules import app as schedules
from iotistic.cli.jobs.starting import run
from iotistic.cli.jobs.templates import app as templates
from iotistic.cli.jobs.updating import update_agents
from iotistic.cli.jobs.watching import watch

__all__ = ["app"]

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Give devices work, and watch it go through them."
)
app.command("run")(run)
app.command("watch")(watch)
app.command("list")(list_jobs)
app.command("show")(show)
app.command("devices")(devices)
app.command("result")(result)
app.command("pause")(pause)
app.command("resume")(resume)
app.command("cancel")(cancel)
app.command("retry")(retry)
app.command("update-agents")(update_agents)
app.add_typer(templates, name="templates")
app.add_typer(schedules, name="schedules")
