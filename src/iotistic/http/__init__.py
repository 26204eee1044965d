"""The HTTP edge: a thin layer of routes over the platform, and the one place that imports FastAPI."""

from iotistic.http.app import PlatformApp, create_platform_app
from iotistic.http.server import HttpServer

__all__ = ["HttpServer", "PlatformApp", "create_platform_app"]
