"""The stack's alerts: the type (alert.py), one file of entries for each topic, and the monitors (monitors.py)."""
