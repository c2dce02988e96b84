"""A month's findings as data, then as pages."""
