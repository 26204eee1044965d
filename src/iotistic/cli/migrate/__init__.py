"""`iotistic migrate ...`."""

from iotistic.cli.migrate.app import app

__all__ = ["app"]
