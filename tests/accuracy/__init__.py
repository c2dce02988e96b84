"""A month's world with all the waste the rules must find, all that only looks like it, and the truth of each call."""
