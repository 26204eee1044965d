"""The headings settings are listed under."""

__all__ = ["BACKUPS", "CONNECTIONS", "DATABASE", "EMBEDDED", "GROUPS", "SERVICES", "TLS"]

DATABASE = "The database server"
TLS = "TLS to the database"
EMBEDDED = "The embedded server"
CONNECTIONS = "Connections and limits"
SERVICES = "The services"
BACKUPS = "Backups"
GROUPS = (DATABASE, TLS, EMBEDDED, CONNECTIONS, SERVICES, BACKUPS)
"""All of them, in order."""
