"""Datadog resources of the stack."""
