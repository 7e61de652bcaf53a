"""The telemetry contract's parts; :mod:`service.telemetry` is the whole. Standard library only."""
