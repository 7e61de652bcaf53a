"""Drills: break the running service in the sandbox, record its telemetry, and judge the deployed alerts by it."""
