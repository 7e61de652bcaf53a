"""The sandbox's resource providers: what Pulumi's engine attaches to instead of the published plugins.

`server` speaks the engine's protocol, `datadog` and `gcp` are the two providers as tables of resource kinds.
"""
