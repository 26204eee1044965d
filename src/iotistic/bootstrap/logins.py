"""Which of a role's two logins is in use: a word in the data folder, changed in one step when passwords are rotated."""

from iotistic.data_folder import DataFolder
from iotistic.database.roles import Role
from iotistic.secret import Secret

__all__ = ["current_login", "use_login"]


def current_login(folder: DataFolder, role: Role) -> str:
    """The login whose password is kept and used; the first until passwords were rotated."""
    first, spare = role.logins
    chosen = folder.find_secret(_name(role))
    return spare if chosen is not None and chosen.reveal() == spare else first


def use_login(folder: DataFolder, role: Role, login: str) -> None:
    """From now on whoever connects as this role signs in as `login`."""
    folder.replace_secret(_name(role), Secret(login))


def _name(role: Role) -> str:
    return f"{role.purpose}-login"
