"""Benchmarks: our figures and those of other methods, side by side, on the same tracks."""
