"""Where errors of the session become errors of ours."""

from collections.abc import Generator
from contextlib import contextmanager

from iotistic.migrations.answers import CommandFailed, ConnectionLost
from iotistic.migrations.connecting import Target, server_name
from iotistic.migrations.errors import HistoryUnusable, ServerUnreachable

__all__ = ["translated"]

_DENIED = "42501"


@contextmanager
def translated(target: Target, *, but_losses: bool = False) -> Generator[None]:
    """A refused statement of ours leaves as HistoryUnusable, a lost connection as ServerUnreachable unless `but_losses`."""
    try:
        yield
    except CommandFailed as failed:
        report = failed.report
        denied = (
            f"The role {target.endpoint.user} needs rights on it: run migrations as the owner of the schema, "
            f"and GRANT SELECT ON {target.history.ledger} to roles that only look."
        )
        raise HistoryUnusable(
            f"The history {target.history.ledger} in database {target.database} cannot be used: "
            f"{report.message} ({report.sqlstate}).",
            hint=denied if report.sqlstate == _DENIED else report.hint,
            service=target.history.service,
            sqlstate=report.sqlstate,
        ) from failed
    except ConnectionLost as lost:
        if but_losses:
            raise
        raise ServerUnreachable(
            f"The connection to {target.database} on {server_name(target.endpoint)} was lost: {lost}",
            hint="Nothing was changed by this command, or it says so when it is run again.",
        ) from lost
