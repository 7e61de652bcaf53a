"""The sandbox's Google Cloud: Cloud Run, Cloud Storage, Secret Manager, the metadata server and Gemini."""
