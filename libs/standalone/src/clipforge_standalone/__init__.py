"""The embedded stack: NATS, PostgreSQL, S3 and every service as child processes."""
