"""The parts of the telemetry store: its database, segments of events, points of series, conditions of searches."""
