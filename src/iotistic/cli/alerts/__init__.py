"""`iotistic alerts ...`."""

from iotistic.cli.alerts.app import app

__all__ = ["app"]
