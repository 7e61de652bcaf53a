"""HTTP routes of the service, and what they share."""
