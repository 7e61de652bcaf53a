"""Inputs that the signals of all monitors of an evaluation share."""

from dataclasses import dataclass, field

from firedrill.evaluate.model import Account, Json
from firedrill.evaluate.signals import Signal
from firedrill.evaluate.slo.sli import Sli
from firedrill.evaluate.telemetry import Telemetry


@dataclass(frozen=True)
class MeasurementCache:
    """Signals and SLIs already measured on one telemetry, for runs over it that differ in a threshold or an option."""

    telemetry: Telemetry
    signals: dict[object, Signal] = field(default_factory=dict)
    slis: dict[object, Sli] = field(default_factory=dict)


@dataclass
class MeasureContext:
    """Account, telemetry and memory of an evaluation; ``memory`` holds the states of monitors, for monitor SLOs.

    ``slis`` are SLIs of this evaluation alone: those of monitor SLOs, and all of them where there is no cache.
    """

    account: Account
    telemetry: Telemetry
    memory: Json
    cache: MeasurementCache | None = None
    slis: dict[object, Sli] = field(default_factory=dict)
