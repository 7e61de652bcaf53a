"""Gemini on Vertex AI: deterministic answers, and failures that can be turned on."""
