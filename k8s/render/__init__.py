"""What is made from the chart and the pipeline table, and committed: `make render`."""
