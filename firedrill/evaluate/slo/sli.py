"""Service level indicator, minute by minute."""

from dataclasses import dataclass

from firedrill.evaluate.model import Note
from firedrill.evaluate.telemetry import FloatArray


@dataclass(frozen=True)
class Sli:
    """Good and total amounts of each minute; minute i ends at ``ends[i]``.

    Amounts are events, or minutes of uptime; windows over them are sums. ``step`` is the seconds between complete
    slices.
    """

    ends: FloatArray
    good: FloatArray
    total: FloatArray
    step: int
    notes: frozenset[Note]
