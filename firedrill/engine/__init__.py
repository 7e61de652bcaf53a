"""What the real Pulumi engine needs on a machine that has only package registries: its CLI and a language host."""
