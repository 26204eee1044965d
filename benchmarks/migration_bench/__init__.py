"""What `benchmarks/migrations.py` measures with: files, peers, a slow network."""
