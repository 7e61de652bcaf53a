"""Cloud Storage: buckets, objects and the JSON API."""
