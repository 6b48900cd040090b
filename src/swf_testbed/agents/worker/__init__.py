"""The worker: one process of a pool."""
