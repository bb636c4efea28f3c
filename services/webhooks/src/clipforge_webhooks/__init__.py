"""Tells the tenants' webhooks what has happened, signed, until they accept it."""
