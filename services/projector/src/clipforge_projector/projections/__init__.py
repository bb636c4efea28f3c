"""What each fact changes in the tables, one module a resource. Facts come in the log's order."""
