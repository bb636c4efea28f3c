"""The tables, and the queries over them. The gateway reads; the projector alone writes."""
