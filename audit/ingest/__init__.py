"""Logs into the store: found, recognised, read, each call once."""
