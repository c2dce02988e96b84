"""A simulator of four months of calls, with the truth of what it planted."""
