"""Comparing a value with thresholds, with recovery values (docs: monitors/guide/recovery-thresholds)."""

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
    """``values comparator bound`` elementwise; NaN never holds."""
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
    raise Refused(comparator, "is no comparison")


def holds(value: float, comparator: str, bound: float) -> bool:
    """One comparison."""
    return bool(compare(np.array([value]), comparator, bound)[0])


@dataclass(frozen=True)
class Thresholds:
    """The numbers that a monitor's value is compared with."""

    comparator: str
    critical: float
    warning: float | None = None
    critical_recovery: float | None = None
    warning_recovery: float | None = None

    @classmethod
    def read(cls, comparator: str, critical: float, options: dict[str, Any]) -> "Thresholds":
        """From the query's comparison and ``options.thresholds``, whose critical value must be the query's."""
        given = {key: float(value) for key, value in (options.get("thresholds") or {}).items() if value is not None}
        if "critical" in given and not holds(given["critical"], "==", critical):
            raise Refused("thresholds", f"critical is {given['critical']:g} but the query says {critical:g}")
        if comparator in {"==", "!="} and given.keys() & {"critical_recovery", "warning_recovery"}:
            raise Refused("thresholds", f"no recovery value is documented for {comparator}")
        return cls(
            comparator, critical, given.get("warning"), given.get("critical_recovery"), given.get("warning_recovery")
        )

    def of(self, status: Status) -> float | None:
        """The threshold that a state stands for."""
        return self.warning if status == "WARN" else self.critical

    def classes(self, values: FloatArray) -> NDArray[np.int8]:
        """For each value four bits: critical, critical recovered, warning, warning recovered.

        A recovery that is not set counts as recovered, so that an alert ends with its condition.
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
    """The state after a value of that class (C-hysteresis). Applying it twice changes nothing more."""
    if bits & 1:
        return "ALERT"
    if previous == "ALERT" and not bits & 2:
        return "ALERT"
    if bits & 4:
        return "WARN"
    if previous in {"WARN", "ALERT"} and not bits & 8:
        return "WARN"
    return "OK"
