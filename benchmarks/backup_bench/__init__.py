"""What the benchmark of backups is made of."""
