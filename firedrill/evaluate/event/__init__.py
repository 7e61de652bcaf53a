"""Event monitors: logs, spans, RUM, CI and other events, counted or measured; service checks; synthetic tests."""
