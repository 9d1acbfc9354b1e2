"""Programs that answer one question each with one table: `python -m benchmarks.NAME`."""
