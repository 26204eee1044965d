"""`iotistic keys ...`."""

from iotistic.cli.keys.app import app

__all__ = ["app"]
