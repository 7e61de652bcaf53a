"""Scenarios: the files, the virtual clock, the telemetry of drills, the outcome for each alert and its judgement.

Proofs and drills share this package.
"""
