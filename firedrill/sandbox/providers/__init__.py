"""The sandbox's resource providers: Pulumi's engine attaches to them instead of the published plugins.

`server` implements the engine's protocol, `gcp` is the Google Cloud provider as tables of resource kinds. The Datadog
provider is `firedrill.datadog`, which real accounts use too.
"""
