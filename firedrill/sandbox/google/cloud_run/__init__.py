"""Cloud Run: services, jobs and their processes on this machine."""
