"""What a database is made of, read, compared and written down."""

from iotistic.migrations.catalog.comparing import Difference, DifferenceKind, FactDifference, compare_catalogs
from iotistic.migrations.catalog.dumping import dump
from iotistic.migrations.catalog.model import Catalog, Item, catalog_of
from iotistic.migrations.catalog.reading import read_catalog

__all__ = [
    "Catalog",
    "Difference",
    "DifferenceKind",
    "FactDifference",
    "Item",
    "catalog_of",
    "compare_catalogs",
    "dump",
    "read_catalog",
]
