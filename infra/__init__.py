"""The stack's program: an LLM service on Cloud Run and everything that Datadog knows and does about it."""
