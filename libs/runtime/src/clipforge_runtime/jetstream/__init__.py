"""The log on NATS JetStream: connection, stating, pulling, following, reading and declaring."""

from clipforge_runtime.jetstream.log import JetStream

__all__ = ["JetStream"]
