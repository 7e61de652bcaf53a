"""The telemetry and history of a real account: export them, and compare the evaluator with the account's monitors."""
