"""Runner of computed cases: each ``kind`` has a function from a case's inputs to its results."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tests.vectors import intake, logs, monitors, notify, queries, rules, slos

Case = dict[str, Any]
KINDS: dict[str, Callable[[Case], Case]] = {
    **intake.KINDS,
    **logs.KINDS,
    **notify.KINDS,
    **monitors.KINDS,
    **queries.KINDS,
    **rules.KINDS,
    **slos.KINDS,
}
TOLERANCE = 1e-5
_MISSING = object()


@dataclass(frozen=True)
class Outcome:
    """Outcome of one case; ``difference`` is None when it passed."""

    id: str
    topic: str
    difference: str | None


def run_case(case: Case) -> Outcome:
    """Compute a case and compare its results with the expected ones."""
    inputs = case["given"]
    compute = KINDS.get(inputs["kind"])
    if compute is None:
        return Outcome(case["id"], case["topic"], f"unknown kind {inputs['kind']!r}")
    try:
        results = compute(inputs)
    except Exception as error:  # noqa: BLE001  # one broken case must not hide the others
        return Outcome(case["id"], case["topic"], f"{type(error).__name__}: {error}".replace("\n", " "))
    for key, expected in case["expect"].items():
        result = results.get(key, _MISSING)
        if key == "log":
            result = {name: _field(result, name) for name in expected}
        if not equal(result, expected):
            shown = "missing" if result is _MISSING else repr(result)
            return Outcome(case["id"], case["topic"], f"{key} is {shown}, expected {expected!r}")
    return Outcome(case["id"], case["topic"], None)


def run_cases(cases: Iterable[Case]) -> list[Outcome]:
    """Run cases in order."""
    return [run_case(case) for case in cases]


def _field(log: Any, name: str) -> Any:
    """Return a field of a log, by its key or by a path."""
    if isinstance(log, dict):
        if name in log:
            return log[name]
        head, dot, rest = name.partition(".")
        if dot and head in log:
            return _field(log[head], rest)
    return None


def equal(result: Any, expected: Any) -> bool:
    """Return whether JSON values are equal: numbers to a tolerance, objects in every key that is expected."""
    if isinstance(expected, bool) or isinstance(result, bool):
        return result is expected
    if isinstance(expected, int | float) and isinstance(result, int | float):
        return abs(result - expected) <= TOLERANCE
    if isinstance(expected, dict) and isinstance(result, dict):
        return all(key in result and equal(result[key], value) for key, value in expected.items()) and (
            bool(expected) or not result
        )
    if isinstance(expected, list) and isinstance(result, list | tuple):
        pairs = zip(result, expected, strict=False)
        return len(result) == len(expected) and all(equal(left, right) for left, right in pairs)
    return bool(result == expected)
