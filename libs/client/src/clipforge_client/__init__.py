"""The Python SDK and the clipforge command: HTTP only."""
