"""Tests that need a sandbox of their own: they break it."""
