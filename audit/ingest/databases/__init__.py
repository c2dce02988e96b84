"""Databases whose tables are logs: a driver a file, and what the drivers know nothing of."""
