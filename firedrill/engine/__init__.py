"""The real Pulumi engine: its language host, operations on stacks, and recovery from interrupted updates."""
