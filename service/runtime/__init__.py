"""State shared by all instances, object storage, background work, gunicorn's worker."""
