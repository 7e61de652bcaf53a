"""Datadog resources that Pulumi's Datadog provider lacks, as dynamic resources over the public API.

Each is declared by the attributes that the API takes, and the state holds these and nothing else.
"""
