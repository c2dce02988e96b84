"""The tests, importable so that `python -m tests.simulator` runs."""
