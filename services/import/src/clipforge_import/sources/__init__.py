"""Where films come from, one adapter a file: addresses and uploads."""
