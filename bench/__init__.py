"""Benchmarks; `python -m bench` runs all, each ends in one line `bench NAME key=value …` that docs/benchmarks.md explains."""
