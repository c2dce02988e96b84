"""The month's mail: put together, sent."""
