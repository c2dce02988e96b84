"""The same calls in every format people keep calls in, each written as its gateway, provider or program does."""
