"""The sandbox: Datadog, Google Cloud and Gemini on this machine, for the real Pulumi engine."""
