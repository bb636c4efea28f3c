"""Grafana's dashboards, as small functions that make its JSON: `make render`.

They lie in charts/clipforge/files/dashboards, from where the chart ships them.
"""
