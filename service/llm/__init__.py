"""Chats with Gemini: model client, circuit breaker, cache, budget, conversations, detectors, quality."""
