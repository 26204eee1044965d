"""Which devices a filter means, page by page, at a cost that does not depend on the filter."""

from iotistic.devices.search.service import DeviceSearch

__all__ = ["DeviceSearch"]
