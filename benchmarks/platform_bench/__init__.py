"""The platform as benchmarks open it."""
