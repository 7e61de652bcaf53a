"""Firedrill: Datadog monitors proven before they are deployed."""
