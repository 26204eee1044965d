"""Which devices an expression over tags means, page by page, at a cost that does not depend on the expression."""

from iotistic.devices.search.service import TagSearch

__all__ = ["TagSearch"]
