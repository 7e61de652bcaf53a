"""A Pulumi provider as tables of resource kinds and functions. Needs neither gRPC nor Pulumi."""
