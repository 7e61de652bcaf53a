"""Computed cases from files: ``python -m tests.vectors FILE...``.

A case has an id, a topic, its inputs (``given``, with their kind) and the results to expect. It passes when every key
of what is expected equals what was computed, numbers to 1e-5.
"""

from tests.vectors.runner import Outcome, equal, run_case, run_cases

__all__ = ["Outcome", "equal", "run_case", "run_cases"]
