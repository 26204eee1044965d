"""The superuser's password: kept among the secrets, and given anew when those were lost."""

from collections.abc import Callable

from iotistic.data_folder import DataFolder
from iotistic.database.server.account import Account
from iotistic.database.server.binaries import Binaries
from iotistic.database.server.cluster import SUPERUSER
from iotistic.database.server.command import run_as
from iotistic.database.server.errors import ServerStartFailed
from iotistic.database.server.folders import filing

__all__ = ["restore_password"]

# No statement may reach a log: it holds the password.
_QUIET = (
    "log_statement=none",
    "log_min_duration_statement=-1",
    "log_min_error_statement=panic",
    "logging_collector=off",
)


async def restore_password(
    folder: DataFolder, binaries: Binaries, account: Account, on_event: Callable[[str], None]
) -> None:
    """Make the password and the secret agree again where the secret is gone, by a single-user server.

    Who may write the data folder is its master anyway, so nothing is opened that was closed. Raises ServerStartFailed.
    """
    if folder.find_secret(SUPERUSER) is not None:
        return
    on_event("The superuser's password is missing among the secrets; setting a new one.")
    with filing(folder.root):
        password = folder.secret(SUPERUSER)
    options = [word for setting in _QUIET for word in ("-c", setting)]
    command = [
        str(binaries.program("postgres")),
        "--single",
        *options,
        "-D",
        str(folder.postgres),
        "postgres",
    ]
    literal = password.reveal().replace("'", "''")
    answer = await run_as(account, command, stdin=f"ALTER ROLE {SUPERUSER} PASSWORD '{literal}'\n")
    if answer.status == 0 and "ERROR:" not in answer.output:
        return
    folder.secrets.joinpath(SUPERUSER).unlink(missing_ok=True)
    raise ServerStartFailed(
        f"The superuser's password in {folder.postgres} could not be set anew.",
        hint=f"Put the old one back into {folder.secrets / SUPERUSER}, or see the server's log for what is wrong.",
    )
