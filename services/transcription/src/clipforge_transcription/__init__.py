"""Turns the sound of a film into words with times."""
