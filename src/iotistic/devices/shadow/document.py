"""What a document is to Python: an object of JSON, and how its parts are told apart."""

from typing import Any, TypeGuard

__all__ = ["Document", "is_array", "is_object"]

Document = dict[str, Any]


def is_object(value: object) -> TypeGuard[Document]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether a JSON value is an array."""
    return isinstance(value, list)
