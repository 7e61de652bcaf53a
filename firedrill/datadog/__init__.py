"""Datadog's API: one client, and the Datadog provider, which maps resources to requests of it."""
