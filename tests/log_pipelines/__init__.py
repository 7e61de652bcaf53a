"""Runner of published log pipelines with recorded results: ``python -m tests.log_pipelines FILE``."""
