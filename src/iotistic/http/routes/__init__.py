"""The routes, a file a domain: each parses, opens one unit of work, calls one method, renders."""
