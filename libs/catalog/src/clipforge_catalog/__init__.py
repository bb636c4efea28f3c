"""The tables, and the queries over them."""
