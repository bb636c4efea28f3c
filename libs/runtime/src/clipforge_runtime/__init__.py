"""How a service lives: bus, worker, heartbeat, retry, storage, telemetry, logs and settings."""
