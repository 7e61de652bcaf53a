"""Monitors that public repositories hold, read and judged one by one: ``python -m tests.public_monitors FILE...``."""
