"""Whether two monitors must do the same, seen from their signals and rules alone: nothing is walked."""

from dataclasses import replace

import numpy as np

from firedrill.evaluate.groups import bits_of, default_of
from firedrill.evaluate.rules import Rules
from firedrill.evaluate.signals import EMPTY, Signal

CALM = 0b1010
"""The class of a value that is beyond no threshold and has recovered from each."""


def alike(rules: Rules, signal: Signal, other: Rules, second: Signal) -> bool:
    """Whether both go through the same states at the same times and notify of the same changes.

    A group's way depends on its statuses, the times of its points, the threshold classes of its values, and the rules.
    What a monitor does about missing data matters only where data is missing and nothing else stands in for it.
    False says nothing: the two may do the same all the same.
    """
    if not _same_but_thresholds_and_missing(rules, other) or not _same_points(signal, second):
        return False
    if not np.array_equal(bits_of(rules, signal.values), bits_of(other, second.values)):
        return False
    ours, theirs = default_of(rules, signal), default_of(other, second)
    if (ours is None) != (theirs is None) or (ours is not None and theirs is not None and ours[1] != theirs[1]):
        return False
    if rules.missing == other.missing and rules.notify_no_data == other.notify_no_data:
        return _of_zero(rules) == _of_zero(other)
    if "legacy" in {rules.missing, other.missing}:
        return False
    calm = {rules.missing, other.missing} == {"default", "resolve"} and _zero_is_calm(rules) and _zero_is_calm(other)
    return ours is not None or calm or not _lacks_data(rules, signal)


def _same_but_thresholds_and_missing(rules: Rules, other: Rules) -> bool:
    return replace(
        other, thresholds=rules.thresholds, missing=rules.missing, notify_no_data=rules.notify_no_data,
        notes=rules.notes,
    ) == rules and (rules.thresholds is None) == (other.thresholds is None)  # fmt: skip


def _same_points(signal: Signal, second: Signal) -> bool:
    if signal is second:
        return True
    absent = (signal.absent is None) == (second.absent is None) and (
        signal.absent is None or second.absent is None or np.array_equal(signal.absent, second.absent)
    )
    return (
        absent
        and (signal.by, signal.keys) == (second.by, second.keys)
        and np.array_equal(signal.status, second.status)
        and np.array_equal(signal.latest, second.latest)
        and np.array_equal(signal.first, second.first)
    )


def _of_zero(rules: Rules) -> int:
    """The class of 0, which stands in for an empty window of a count."""
    return int(bits_of(rules, np.zeros(1))[0])


def _zero_is_calm(rules: Rules) -> bool:
    """Whether an empty window is 0, and 0 is OK whatever was before: what ``resolve`` says, too."""
    return rules.counts and not rules.always and _of_zero(rules) == CALM


def _lacks_data(rules: Rules, signal: Signal) -> bool:
    """Whether a group that is known has no data at some time. A group is known from its first point on, an ungrouped
    count always."""
    if not signal.keys:
        return not signal.by
    empty = signal.status == EMPTY
    return bool((empty & (np.logical_or.accumulate(~empty, axis=1) | rules.always)).any())
