"""The LLM service: chats with Gemini on Vertex AI, and its telemetry for Datadog (:mod:`service.telemetry`)."""
