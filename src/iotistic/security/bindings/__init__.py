"""Who has which role, and on what."""

from iotistic.security.bindings.errors import BindingNotFound
from iotistic.security.bindings.model import Binding
from iotistic.security.bindings.service import BindingService
from iotistic.security.errors import GrantTooWide, LastOwner

__all__ = ["Binding", "BindingNotFound", "BindingService", "GrantTooWide", "LastOwner"]
