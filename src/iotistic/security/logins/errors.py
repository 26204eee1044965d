"""Why a login is refused although the password is right. A wrong one: `iotistic.security.errors.LoginRefused`."""

from iotistic.errors import Unauthenticated

__all__ = ["SecondFactorNeeded", "SecondFactorRefused"]


class SecondFactorNeeded(Unauthenticated):
    """The account has a second factor, and no code was sent along. Nobody hears this who does not know the password."""

    code = "second_factor_needed"


class SecondFactorRefused(Unauthenticated):
    """The code is wrong, too old, or was used before."""

    code = "second_factor_refused"
