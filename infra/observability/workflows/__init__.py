"""The workflows that alerts, people and dashboards start."""
