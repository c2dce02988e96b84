"""What providers billed, held against what the month's calls cost: the difference, its parts, and their reasons."""
