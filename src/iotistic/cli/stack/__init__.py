"""What `iotistic up` runs on one computer: a PostgreSQL, the API, the agent, and the supervisor that keeps them alive."""
