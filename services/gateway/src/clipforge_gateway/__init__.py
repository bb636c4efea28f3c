"""The front door: validates requests, states facts, reads rows, presigns and streams events."""
