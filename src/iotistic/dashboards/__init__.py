"""How people lay out what they look at: their own dashboards, and those that everybody shares."""

from iotistic.dashboards.errors import (
    DefaultTaken,
    LayoutInvalid,
    LayoutNameTaken,
    LayoutNotFound,
    TooManyLayouts,
)
from iotistic.dashboards.model import Layout, LayoutDraft, LayoutSummary, Owner
from iotistic.dashboards.service import MOST_LAYOUTS, DashboardService

__all__ = [
    "MOST_LAYOUTS",
    "DashboardService",
    "DefaultTaken",
    "Layout",
    "LayoutDraft",
    "LayoutInvalid",
    "LayoutNameTaken",
    "LayoutNotFound",
    "LayoutSummary",
    "Owner",
    "TooManyLayouts",
]
