"""What goes over the line and what it becomes: bodies, their reports and lines, rows in the form of COPY."""
