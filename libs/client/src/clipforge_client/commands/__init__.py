"""The commands that speak to a gateway, one module a resource."""
