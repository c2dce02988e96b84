"""The engines that run SQL, and the store's tables."""
