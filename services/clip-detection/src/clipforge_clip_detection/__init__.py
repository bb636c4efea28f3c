"""Finds the moments of a talk that are worth sharing."""
