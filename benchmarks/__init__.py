"""The figures of benchmarks/results.md."""
