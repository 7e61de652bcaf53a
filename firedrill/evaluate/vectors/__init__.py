"""Runs the computed cases whose ``kind`` belongs to the evaluator: each function takes a case's ``given``."""

from firedrill.evaluate.vectors import monitors, queries, rules, slos

KINDS = {**monitors.KINDS, **queries.KINDS, **rules.KINDS, **slos.KINDS}
