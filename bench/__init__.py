"""Benchmarks that print ratios measured in one run. `make bench`, or `python -m bench --help`."""
