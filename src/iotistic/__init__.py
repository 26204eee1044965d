"""The PostgreSQL data platform of an IoT company."""

__all__ = ["__version__"]

__version__ = "0.1.0"
