"""Turns facts into rows: the only writer of the tables, and owner of the migrations."""
