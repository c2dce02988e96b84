"""A log of a kind that nobody knows yet: from a sample of it to a format that passes its case."""
