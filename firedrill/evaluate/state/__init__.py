"""States of monitor groups: thresholds, missing data, downtimes, notifications."""
