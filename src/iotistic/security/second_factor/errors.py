"""What can go wrong with second factors."""

from iotistic.errors import Conflict, Denied, Exhausted, NotFound

__all__ = ["CodeWrong", "SecondFactorMissing", "SecondFactorOn", "TooManyCodes"]


class SecondFactorMissing(NotFound):
    """The account has no second factor, or none that waits for its first code."""

    code = "second_factor_missing"


class SecondFactorOn(Conflict):
    """The account has a second factor already."""

    code = "second_factor_on"


class CodeWrong(Denied):
    """The code is wrong, too old, or was used before."""

    code = "code_wrong"


class TooManyCodes(Exhausted):
    """Wrong codes came one after another: the next is looked at after a pause."""

    code = "too_many_codes"
