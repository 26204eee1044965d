"""`iotistic jobs ...`."""

from iotistic.cli.jobs.app import app

__all__ = ["app"]
