"""What `benchmarks/ingest.py` is made of: the load generator, which is a process of its own, and the place it sends to."""
