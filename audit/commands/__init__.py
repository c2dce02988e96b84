"""The commands in groups; what stands alone is in audit.cli."""
