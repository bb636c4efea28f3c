"""What the services say to each other: facts, documents, subjects, object keys and the pipeline."""
