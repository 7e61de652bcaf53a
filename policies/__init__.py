"""The policy pack: what a good reviewer of a stack with Datadog monitors and a Cloud Run service would ask for."""
