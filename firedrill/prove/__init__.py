"""Proofs: every alert fires where it must, stays quiet elsewhere, and no fault in it goes unnoticed.

Nothing here needs a sandbox, an engine or an account. :mod:`firedrill.prove.proof` is the whole proof;
``mutation`` puts faults into monitors, ``account`` exports and compares the telemetry of real accounts.
"""
