"""A gate against regressions that holds on noisy machines: `python -m bench.check --help`, docs/performance.md."""
