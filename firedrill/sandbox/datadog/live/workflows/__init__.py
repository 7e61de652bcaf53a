"""Workflows: triggers, steps, actions and runs."""
