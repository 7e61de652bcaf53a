"""Runs files of computed cases: ``python -m firedrill.vectors FILE``.

A case has an id, a topic, what is given (with its kind) and what to expect. It passes when every key of what is
expected equals what was computed, numbers to 1e-5.
"""

from firedrill.vectors.runner import Outcome, equal, run_case, run_cases

__all__ = ["Outcome", "equal", "run_case", "run_cases"]
