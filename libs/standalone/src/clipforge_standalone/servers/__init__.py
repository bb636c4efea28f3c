"""The real servers of the embedded stack, started from their wheels."""
