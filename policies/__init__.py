"""The policy pack: rules for a stack with Datadog monitors and a Cloud Run service."""
