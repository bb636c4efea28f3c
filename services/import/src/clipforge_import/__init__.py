"""Takes a film in: fetches the source, looks at it, and lays out its sound and pictures."""
