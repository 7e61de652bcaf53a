"""The telemetry contract of a service that already runs: what it emits, derived from what arrived."""
