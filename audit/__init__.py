"""A monthly audit of what large-model calls cost, what of that bought nothing, and who is over the line."""

__version__ = "0.1.0"
