"""The kernel: knows PostgreSQL, knows no domain."""
