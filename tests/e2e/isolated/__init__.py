"""Tests with a sandbox of their own, because they break it."""
