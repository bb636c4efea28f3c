"""Reads, one module a resource. Each is bound to a tenant, and no list is unbounded."""
