"""Synthetic tests: schedule, execution and results."""
