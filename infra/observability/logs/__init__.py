"""Log pipelines, log storage and the sensitive data scanner."""
