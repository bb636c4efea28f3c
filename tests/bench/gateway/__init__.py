"""The gateway beside the bare web server that it stands on."""
