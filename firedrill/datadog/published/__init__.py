"""The published provider's schema of each kind that ours has, and what follows from it: Check, plans, replacements.

`schema.json` was extracted from the Go source of Terraform's Datadog provider (August 2026, after 4.19.0); the names
are those of Pulumi's SDK. Kinds on Terraform's SDK and kinds on its plugin framework ("framework") differ in all three.
"""
