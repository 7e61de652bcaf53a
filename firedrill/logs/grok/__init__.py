"""Datadog's grok (docs.datadoghq.com/logs/log_configuration/parsing)."""
