"""Renders a clip: cut, reframed, with captions burned in."""
