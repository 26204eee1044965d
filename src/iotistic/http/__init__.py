"""The HTTP edge: a thin layer of routes over the platform, and the one place that imports FastAPI."""

from iotistic.http.app import create_platform_app
from iotistic.http.platform_access import attach_platform
from iotistic.http.server import HttpServer

__all__ = ["HttpServer", "attach_platform", "create_platform_app"]
