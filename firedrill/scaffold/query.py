"""The query of a new alert, and the numbers that separate its signal's ordinary amounts from those of a failure."""

import math
from dataclasses import dataclass

from firedrill.errors import KnownFailure
from firedrill.prove.ordinary import OrdinarySignal

WINDOW = 15
"""Minutes of the window."""
FAILING = 1.8
"""The multiple of the limit in the scenario that fires: below 2, so that it notices a limit twice as high."""
ABOVE = 10
"""The multiple of the ordinary count, so that a day with eight times the traffic does not fire."""


@dataclass(frozen=True)
class Draft:
    """The type, query and limit of an alert, and the changes of its signal in the scenarios.

    ``series`` is a query for the runbook. ``fires`` and ``quiet`` are changes as scenarios write them.
    """

    type: str
    query: str
    series: str
    critical: float
    unit: str
    fires: str
    quiet: str
    fires_within: int
    clears_within: int

    @property
    def warning(self) -> float:
        """The value at which it warns."""
        return self.critical * 0.75

    @property
    def recovery(self) -> float:
        """The value at which it recovers."""
        return self.critical * 0.5


def draft(name: str, signal: OrdinarySignal) -> Draft:
    """Return the draft of an alert on a signal that the service emits: a metric or a log line.

    Raises:
        KnownFailure: The signal is of another kind.
    """
    if signal.source != "service" or not (signal.metric or signal.log):
        kind = "no metric or log line of the service"
        raise KnownFailure(f"the signal {name} is {kind}: copy the entry of an alert that reads such events")
    if signal.value is not None:
        return _level(signal, signal.value)
    return _count(signal)


def _level(signal: OrdinarySignal, value: float) -> Draft:
    ordinary = value * math.exp(signal.spread**2 / 2)
    critical = round_up(ordinary * 3)
    series = f"avg:{signal.metric}{_scope(signal)}"
    return Draft(
        "query alert",
        f"avg(last_{WINDOW}m):{series} > $critical",
        series,
        critical,
        "on average",
        f"{{value: {round_up(critical * FAILING / math.exp(signal.spread**2 / 2)):g}}}",
        f"{{value: {critical * 0.85 / math.exp(signal.spread**2 / 2):.3g}}}",
        WINDOW,
        WINDOW + 5,
    )


def _count(signal: OrdinarySignal) -> Draft:
    critical = round_up(signal.rate * WINDOW * ABOVE + ABOVE * signal.step)
    if signal.metric:
        series = f"sum:{signal.metric}{_scope(signal)}.as_count()"
        kind, query = "query alert", f"sum(last_{WINDOW}m):default_zero({series}) > $critical"
    else:
        series = f"service:$service env:$env {_search(signal)}"
        kind = "log alert"
        query = f'logs("{series}").index("*").rollup("count").last("{WINDOW}m") > $critical'
    return Draft(
        kind,
        query,
        series,
        critical,
        f"in {WINDOW} minutes",
        f"{{rate: {round_up(critical * FAILING / WINDOW):g}}}",
        f"{{rate: {critical * 0.85 / WINDOW:.3g}}}",
        WINDOW,
        WINDOW + 5,
    )


def round_up(number: float) -> float:
    """Return a number rounded up to two digits."""
    if not number:
        return 0.0
    scale = 10.0 ** (math.floor(math.log10(number)) - 1)
    return float(f"{math.ceil(number / scale - 1e-9) * scale:.6g}")


def _scope(signal: OrdinarySignal) -> str:
    own = [f"{key}:{value}" for key, value in signal.tags.items() if key not in signal.shared]
    return "{" + ",".join(["$scope", *own]) + "}"


def _search(signal: OrdinarySignal) -> str:
    """Return the search of a log line by its fields, without its text."""
    fields = {key: value for key, value in signal.log.items() if key not in ("message", "status")}
    words = [f"status:{signal.log['status']}"] if "status" in signal.log else []
    return " ".join([*words, *(f"@{key.removeprefix('@')}:{value}" for key, value in fields.items())])
