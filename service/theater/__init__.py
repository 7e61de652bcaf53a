"""The failure theater: what the chat page can break, and what Datadog's account says while it is broken."""
