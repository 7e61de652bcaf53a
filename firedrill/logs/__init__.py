"""What Datadog does with a log before anyone sees it: search syntax, pipelines, sensitive data scanner."""
