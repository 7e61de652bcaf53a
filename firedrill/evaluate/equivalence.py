"""Equivalence of monitors, decided from their signals and rules alone, without walking through their states."""

from dataclasses import replace

import numpy as np

from firedrill.evaluate.signals import EMPTY, Signal
from firedrill.evaluate.state.machine import default_value, threshold_classes
from firedrill.evaluate.state.rules import Rules

RECOVERED = 0b1010
"""Class of a value that is beyond no threshold and has recovered from each."""


def equivalent(rules: Rules, signal: Signal, other_rules: Rules, other_signal: Signal) -> bool:
    """Return whether two monitors certainly go through the same states at the same times and notify alike.

    The states of a group depend on its statuses, the times of its points, the threshold classes of its values, and the
    rules. The rule for missing data matters only where data is missing and nothing else stands in for it. False means
    undecided: the two may still do the same.
    """
    if not _same_other_rules(rules, other_rules) or not _same_points(signal, other_signal):
        return False
    classes = threshold_classes(rules, signal.values)
    if not np.array_equal(classes, threshold_classes(other_rules, other_signal.values)):
        return False
    default, other_default = default_value(rules, signal), default_value(other_rules, other_signal)
    if (default and default.bits) != (other_default and other_default.bits):
        return False
    if rules.missing == other_rules.missing and rules.notify_no_data == other_rules.notify_no_data:
        return _class_of_zero(rules) == _class_of_zero(other_rules)
    missing = {rules.missing, other_rules.missing}
    if "legacy" in missing:
        return False
    zero_resolves = missing == {"default", "resolve"} and _zero_resolves(rules) and _zero_resolves(other_rules)
    return default is not None or zero_resolves or not _lacks_data(rules, signal)


def _same_other_rules(rules: Rules, other: Rules) -> bool:
    """Return whether all rules are equal but the thresholds' numbers and the rule for missing data."""
    return replace(
        other, thresholds=rules.thresholds, missing=rules.missing, notify_no_data=rules.notify_no_data,
        notes=rules.notes,
    ) == rules and (rules.thresholds is None) == (other.thresholds is None)  # fmt: skip


def _same_points(signal: Signal, other: Signal) -> bool:
    if signal is other:
        return True
    same_absent = (signal.absent is None) == (other.absent is None) and (
        signal.absent is None or other.absent is None or np.array_equal(signal.absent, other.absent)
    )
    return (
        same_absent
        and (signal.by, signal.keys) == (other.by, other.keys)
        and np.array_equal(signal.status, other.status)
        and np.array_equal(signal.latest, other.latest)
        and np.array_equal(signal.first, other.first)
    )


def _class_of_zero(rules: Rules) -> int:
    """Return the class of 0, which stands in for an empty window of a count."""
    return int(threshold_classes(rules, np.zeros(1))[0])


def _zero_resolves(rules: Rules) -> bool:
    """Return whether an empty window is 0, and 0 is OK in any state, as ``resolve`` makes it."""
    return rules.counts and not rules.always and _class_of_zero(rules) == RECOVERED


def _lacks_data(rules: Rules, signal: Signal) -> bool:
    """Return whether a group has no data at some time after its first point (for an ungrouped count: at any time)."""
    if not signal.keys:
        return not signal.by
    empty = signal.status == EMPTY
    return bool((empty & (np.logical_or.accumulate(~empty, axis=1) | rules.always)).any())
