"""Measurements, one table each: `make bench`, or `python -m benchmarks tracing store` for some of them."""
