"""What all environments share in one Datadog organisation: a program and a stack of its own."""
