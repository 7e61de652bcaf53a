"""Drills against the running sandbox: break the service, record what it emits, and judge the declared alerts by it."""
