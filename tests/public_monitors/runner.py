"""The verdict on each monitor of a file: judged, broken, refused, or a traceback."""

import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from firedrill.prove.findings import findings
from firedrill.prove.monitor_file import from_api
from firedrill.prove.months import month
from firedrill.prove.noise import measure_noise
from firedrill.query import QueryError, parse
from tests.public_monitors.surroundings import account_for, ordinary_for

Verdict = Literal["judged", "broken", "refused", "traceback"]
BROKEN = ("not-read", "not-a-query", "not-valid")
ALGORITHMS = ("anomalies", "forecast", "outliers")
METRIC = ("query alert", "metric alert")


@dataclass(frozen=True)
class Outcome:
    """The verdict on one monitor.

    A ``judged`` one was evaluated over a day; a ``broken`` one is refused by Datadog, too; a ``refused`` one is taken
    by Datadog and not evaluated here. ``reason`` is empty for a judged one.
    """

    name: str
    family: str
    parsed: bool
    verdict: Verdict
    reason: str = ""


def run(contents: Iterable[Any]) -> list[Outcome]:
    """Judge monitors one by one, each with what it reads made for it."""
    return [judge(content, position) for position, content in enumerate(contents, 1)]


def judge(content: Any, position: int = 1) -> Outcome:
    """Return the verdict on one monitor, whatever it is."""
    name = f"{position} {content.get('name', '') if isinstance(content, dict) else ''}".strip()[:80]
    try:
        return _judge(content, name)
    except Exception:  # noqa: BLE001 - the runner counts tracebacks
        last = traceback.format_exc().strip().splitlines()
        return Outcome(name, family(content), _is_parsed(content), "traceback", f"{last[-1]} ({last[-3].strip()})")


def _judge(content: Any, name: str) -> Outcome:
    others, objects = account_for(content) if isinstance(content, dict) else ([], {})
    definitions = from_api([*others, content], objects)
    monitors = definitions.account.monitors
    ordinary = ordinary_for(monitors[-1]) if monitors else None
    found = findings(definitions, ordinary)
    kind, parsed = family(content), _is_parsed(content)
    for verdict, kinds in (("broken", BROKEN), ("refused", ("refused",))):
        for finding in found:
            if finding.kind in kinds:
                return Outcome(name, kind, parsed, verdict, f"{finding.kind}: {finding.text.splitlines()[0]}")  # type: ignore[arg-type]  # one of the two
    if ordinary is not None:
        measure_noise(definitions, month(ordinary, seed=1, days=1), days=1)
    return Outcome(name, kind, parsed, "judged")


def family(content: Any) -> str:
    """Return the kind of a monitor: its type, for a metric monitor also its algorithm."""
    if not isinstance(content, dict):
        return "none"
    type_, query = str(content.get("type")), str(content.get("query"))
    if type_ not in METRIC:
        return type_
    if query.lstrip().startswith(("change", "pct_change")):
        return "metric, change"
    algorithm = next((name for name in ALGORITHMS if f"{name}(" in query), "threshold")
    return f"metric, {algorithm}"


def _is_parsed(content: Any) -> bool:
    try:
        parse(content["type"], content["query"])
    except (QueryError, KeyError, TypeError, AttributeError):
        return False
    return True
