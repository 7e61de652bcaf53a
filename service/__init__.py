"""The LLM service: chats with Gemini on Vertex AI, and says all about itself through :mod:`service.telemetry`."""
