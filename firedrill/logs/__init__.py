"""Datadog's processing of logs: search syntax, pipelines, sensitive data scanner."""
