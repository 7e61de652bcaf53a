"""Metric queries: from series to the values of each group at each evaluation."""
