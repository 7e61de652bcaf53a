"""Comparison of values with thresholds and recovery thresholds (docs: monitors/guide/recovery-thresholds)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate.model import Refused, Status
from firedrill.evaluate.telemetry import FloatArray

EQUAL = 1e-9
"""Relative difference below which a value equals a threshold: sums of binary fractions are not exact (C-slo-op)."""

RECOVERED = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
Flags = NDArray[np.bool_]


def compare(values: FloatArray, comparator: str, bound: float) -> Flags:
    """Return ``values comparator bound`` elementwise; a comparison with NaN is false."""
    equal = np.abs(values - bound) <= EQUAL * np.maximum(np.abs(bound), np.abs(values))
    match comparator:
        case ">":
            return (values > bound) & ~equal
        case ">=":
            return (values > bound) | equal
        case "<":
            return (values < bound) & ~equal
        case "<=":
            return (values < bound) | equal
        case "==":
            return equal
        case "!=":
            return ~equal & ~np.isnan(values)
    raise Refused(comparator, "is not a comparator")


def holds(value: float, comparator: str, bound: float) -> bool:
    """Return one comparison."""
    return bool(compare(np.array([value]), comparator, bound)[0])


NAMES = ("critical", "warning", "critical_recovery", "warning_recovery")
"""Thresholds of a query; exports have other keys beside them, such as ``comparison`` and ``period``."""


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise Refused("thresholds", f"{name} is {value!r}, not a number") from error


@dataclass(frozen=True)
class Thresholds:
    """Critical and warning thresholds of a monitor, with their recovery thresholds."""

    comparator: str
    critical: float
    warning: float | None = None
    critical_recovery: float | None = None
    warning_recovery: float | None = None

    @classmethod
    def from_options(cls, comparator: str, critical: float, options: dict[str, Any]) -> "Thresholds":
        """Read the query's comparison and ``options.thresholds``, whose critical threshold must equal the query's."""
        thresholds = options.get("thresholds") or {}
        numbers = {name: _number(name, thresholds[name]) for name in NAMES if thresholds.get(name) is not None}
        if "critical" in numbers and not holds(numbers["critical"], "==", critical):
            raise Refused("thresholds", f"critical is {numbers['critical']:g} but the query has {critical:g}")
        if comparator in {"==", "!="} and numbers.keys() & {"critical_recovery", "warning_recovery"}:
            raise Refused("thresholds", f"no recovery threshold is documented for {comparator}")
        return cls(
            comparator,
            critical,
            numbers.get("warning"),
            numbers.get("critical_recovery"),
            numbers.get("warning_recovery"),
        )

    def crossed_for(self, status: Status) -> float | None:
        """Return the threshold that a group in this state has crossed."""
        return self.warning if status == "WARN" else self.critical

    def classes(self, values: FloatArray) -> NDArray[np.int8]:
        """Return four bits for each value: beyond critical, critical recovered, beyond warning, warning recovered.

        Without a recovery threshold its bit is set, so that an alert ends with its condition.
        """
        recovered = RECOVERED.get(self.comparator, self.comparator)
        bits = compare(values, self.comparator, self.critical).astype(np.int8)
        for shift, bound, comparator, unset in (
            (1, self.critical_recovery, recovered, 1),
            (2, self.warning, self.comparator, 0),
            (3, self.warning_recovery, recovered, 1),
        ):
            flag = np.full(values.shape, unset, np.int8) if bound is None else compare(values, comparator, bound)
            bits |= flag.astype(np.int8) << shift
        return bits


def next_status(bits: int, previous: Status | None) -> Status:
    """Return the state after a value of these classes (C-hysteresis). A second application changes nothing."""
    if bits & 1:
        return "ALERT"
    if previous == "ALERT" and not bits & 2:
        return "ALERT"
    if bits & 4:
        return "WARN"
    if previous in {"WARN", "ALERT"} and not bits & 8:
        return "WARN"
    return "OK"
