"""Arithmetic of error budgets and burn rates (docs: service_level_objectives, burn_rate, error_budget)."""

import numpy as np

from firedrill.evaluate.telemetry import FloatArray


def status_percent(good: float, total: float) -> float | None:
    """Return the SLI in percent; None for zero events."""
    return 100.0 * good / total if total > 0 else None


def remaining_percent(status: float, target: float) -> float:
    """Return the budget left in percent of the budget; negative once it is overspent."""
    return 100.0 * (status - target) / (100.0 - target)


def burn_rate(good: FloatArray, total: FloatArray, target: float) -> FloatArray:
    """Return the error rate over the allowed error rate; 0 without events (undocumented)."""
    bad = np.divide(total - good, total, out=np.zeros(total.shape), where=total > 0)
    return bad * 100.0 / (100.0 - target)


def largest_burn(target: float) -> float:
    """Return the burn rate when everything fails."""
    return 100.0 / (100.0 - target)


def burn_is_reachable(target: float, threshold: float) -> bool:
    """Return whether a burn rate can reach a threshold at all."""
    return threshold <= largest_burn(target) * (1 + 1e-9)
