"""The Google Cloud provider: a table of resource kinds over the sandbox's Google Cloud."""

from firedrill.sandbox.providers.gcp.provider import provider

__all__ = ["provider"]
