"""The Datadog provider: a table of resource kinds and functions over Datadog's public API."""

from firedrill.sandbox.providers.datadog.provider import provider

__all__ = ["provider"]
