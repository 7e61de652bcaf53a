"""The stack's resources at Google Cloud."""
