"""What a device may be called and tagged, as the CHECK constraints say it: for files, where each bad line is told by itself.

A test holds both to the same examples; for single devices the database alone decides.
"""

import re

__all__ = ["fault_of_device", "fault_of_tag"]

_KIND = re.compile(r"[a-z][a-z0-9_-]{0,49}")
_KEY = re.compile(r"[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?")
_LONGEST_NAME = 200
_LONGEST_VALUE = 255


def fault_of_device(name: str, kind: str, serial: str | None) -> str | None:
    """Why no device can be this, or None."""
    if not 1 <= len(name) <= _LONGEST_NAME or name != name.strip(" "):
        return "A name has 1 to 200 characters, and no blanks around them."
    if not _KIND.fullmatch(kind):
        return "A kind is a lower-case word such as host or gateway: letters, digits, - and _, at most 50."
    if serial is not None and not 1 <= len(serial) <= _LONGEST_NAME:
        return "A serial has 1 to 200 characters."
    if "\0" in name or "\0" in (serial or ""):
        return "A NUL character cannot be stored."
    return None


def fault_of_tag(key: str, value: str) -> str | None:
    """Why no tag can be this, or None."""
    if not _KEY.fullmatch(key):
        return (
            f"The key {key[:40]!r} is none a tag can have: 1 to 100 lower-case letters, digits, dots, dashes or underscores, "
            "beginning and ending with a letter or digit."
        )
    if not 1 <= len(value) <= _LONGEST_VALUE or value != value.strip(" ") or "\0" in value:
        return f"The value of {key} has 1 to 255 characters, and no blanks around them."
    return None
