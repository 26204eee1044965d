"""`iotistic db ...`: the databases as they are now."""

from iotistic.cli.db.app import app
from iotistic.cli.db.which import Database, Which, database_name

__all__ = ["Database", "Which", "app", "database_name"]
