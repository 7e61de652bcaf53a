"""The program of the resources that all environments of a Datadog organisation share."""
