"""`iotistic db roles`: who works in the databases, and what is not as it should be."""

import sys
from typing import Annotated

import typer

from iotistic.bootstrap.database_roles import RolePlan, apply_roles, plan_roles
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_table, run_async
from iotistic.database.roles import ROLES

__all__ = ["app"]

DIFFERS = 2

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Who works in the databases, and what each may do."
)


@app.command("list")
def list_roles(as_json: AsJson = False) -> None:
    """List the roles, what each is for and how it is held back. Asks no server."""
    rows = [
        {
            "role": role.name,
            "purpose": role.purpose,
            "signs_in_as": " or ".join(role.logins),
            "sessions": role.connection_limit,
            "statement": role.settings["statement_timeout"],
            "lock": role.settings["lock_timeout"],
            "idle": role.settings["idle_in_transaction_session_timeout"],
            "is_for": role.comment,
        }
        for role in ROLES
    ]
    if as_json:
        print_json({"roles": rows})
    else:
        print_table(rows, list(rows[0]), empty="")


@app.command("plan")
def show_plan(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """Show what is not as it should be, and the statements that mend it. Changes nothing.

    Exit code: 0 everything is as it should be, 2 something differs.
    """
    plan = run_async(plan_roles(settings_from(data_dir, url)))
    _show(plan, as_json=as_json)
    if not plan.is_empty:
        raise typer.Exit(DIFFERS)


@app.command("apply")
def apply(
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Make roles and rights as they should be, after showing how. Nothing is dropped; safe to repeat.

    Needs the rights of an administrator: the embedded server's, or the role of --url, DATABASE_URL or DB_USER. Passwords of new
    logins are made in the data folder and reach the server only as SCRAM verifiers.
    """
    settings = settings_from(data_dir, url)
    plan = run_async(plan_roles(settings))
    _show(plan, as_json=as_json)
    if plan.is_empty:
        return
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("nobody is here to be asked: give --yes", param_hint="--yes")
        typer.confirm("Do it?", abort=True, err=True)
    run_async(apply_roles(settings, plan))
    narrate(f"{len(plan.steps)} steps done, {len(plan.passwords)} passwords set.")


def _show(plan: RolePlan, *, as_json: bool) -> None:
    if as_json:
        steps = [("", plan.server), *plan.databases]
        print_json(
            {
                "steps": [
                    {
                        "database": name or None,
                        "title": step.title,
                        "is_drift": step.is_drift,
                        "statement": step.text,
                    }
                    for name, several in steps
                    for step in several
                ],
                "passwords": list(plan.passwords),
                "absent": list(plan.absent),
            }
        )
        return
    for step in plan.steps:
        sys.stdout.write(f"{'! ' if step.is_drift else '+ '}{step.title}\n    {step.text};\n")
    for login in plan.passwords:
        sys.stdout.write(f"+ {login} gets the password that is kept in the data folder\n")
    for name in plan.absent:
        narrate(
            f"There is no database {name} yet: `iotistic migrate` makes it where its login may, then this again."
        )
    if plan.is_empty:
        narrate("Roles and rights are as they should be.")
