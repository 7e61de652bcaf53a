"""`firedrill new scenario`: a scenario that changes a signal and says what an alert must do."""

from collections.abc import Mapping, Sequence

from firedrill.errors import KnownFailure
from firedrill.prove.unfinished import MARK
from firedrill.scaffold.checkout import Checkout, require_key

SCENARIO = f"""# yaml-language-server: $schema=../scenario.schema.json
title: "{MARK}: what happens to the service"
given:
  failing: {{changes}}
timeline: {{{{healthy: 3h, failing: 40m, remediated: 2h}}}}
then:{{then}}
"""


def scenario_text(changes: Mapping[str, str], then: Sequence[str]) -> str:
    """Return a scenario of these changes of signals, and of these expectations."""
    changed = ", ".join(f"{signal}: {change}" for signal, change in changes.items())
    lines = "".join(f"\n  - {line}" for line in then)
    return SCENARIO.format(changes=f"{{{changed}}}", then=lines or " []")


def new_scenario(checkout: Checkout, key: str, signal: str, alert: str) -> None:
    """Add a scenario in which a signal triples. An alert, if one is named, stays quiet in it.

    Raises:
        KnownFailure: The scenario exists, or the signal does not.
    """
    kind = checkout.signal(signal)
    if kind.test:
        change = f"{{failed: [{', '.join(kind.locations)}]}}"
    elif kind.value is not None:
        change = "{value: x3}"
    else:
        change = "{rate: x3}" if kind.rate else "{rate: 1}"
    then = [f"{{alert: {alert}, stays: quiet}}"] if alert else []
    name = require_key(key.replace("_", "-")).replace("-", "_")
    if alert and not (checkout.root / f"docs/runbooks/{alert}.md").exists():
        raise KnownFailure(f"there is no alert {alert!r} (no docs/runbooks/{alert}.md): `firedrill new alert` adds one")
    checkout.create(f"drills/scenarios/{name}.yaml", scenario_text({signal: change}, then))
