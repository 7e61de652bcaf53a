"""One registry of kinds, filled by the packages that implement them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from firedrill.evaluate.vectors import KINDS as EVALUATOR
from firedrill.logs.vectors import KINDS as LOGS
from firedrill.notify.vectors import KINDS as NOTIFY
from firedrill.vectors.intake import KINDS as INTAKE

Case = dict[str, Any]
KINDS: dict[str, Callable[[Case], Case]] = {**INTAKE, **LOGS, **NOTIFY, **EVALUATOR}
TOLERANCE = 1e-5
_MISSING = object()


@dataclass(frozen=True)
class Outcome:
    """What came of one case; ``difference`` is None when it passed."""

    id: str
    topic: str
    difference: str | None


def run_case(case: Case) -> Outcome:
    """Compute one case and compare."""
    given = case["given"]
    kind = KINDS.get(given["kind"])
    if kind is None:
        return Outcome(case["id"], case["topic"], f"unknown kind {given['kind']!r}")
    try:
        computed = kind(given)
    except Exception as error:  # noqa: BLE001  # one broken case must not hide the others
        return Outcome(case["id"], case["topic"], f"{type(error).__name__}: {error}".replace("\n", " "))
    for key, expected in case["expect"].items():
        found = computed.get(key, _MISSING)
        if key == "log":
            found = {name: _field(found, name) for name in expected}
        if not equal(found, expected):
            shown = "nothing" if found is _MISSING else repr(found)
            return Outcome(case["id"], case["topic"], f"{key} is {shown}, expected {expected!r}")
    return Outcome(case["id"], case["topic"], None)


def run_cases(cases: Iterable[Case]) -> list[Outcome]:
    """All of them, in order."""
    return [run_case(case) for case in cases]


def _field(log: Any, name: str) -> Any:
    """A field of a log, by its key or by a path."""
    if isinstance(log, dict):
        if name in log:
            return log[name]
        head, dot, rest = name.partition(".")
        if dot and head in log:
            return _field(log[head], rest)
    return None


def equal(found: Any, expected: Any) -> bool:
    """Equality of JSON, numbers to a tolerance. Of an expected object every key must be found and equal."""
    if isinstance(expected, bool) or isinstance(found, bool):
        return found is expected
    if isinstance(expected, int | float) and isinstance(found, int | float):
        return abs(found - expected) <= TOLERANCE
    if isinstance(expected, dict) and isinstance(found, dict):
        return all(key in found and equal(found[key], value) for key, value in expected.items()) and (
            bool(expected) or not found
        )
    if isinstance(expected, list) and isinstance(found, list | tuple):
        pairs = zip(found, expected, strict=False)
        return len(found) == len(expected) and all(equal(one, other) for one, other in pairs)
    return bool(found == expected)
