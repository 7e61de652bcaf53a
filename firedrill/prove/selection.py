"""Restrict a proof to some alerts: their monitors, the monitors that those read, and their expectations."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from difflib import get_close_matches

from firedrill.errors import KnownFailure
from firedrill.prove.dependencies import slos_of, with_members
from firedrill.prove.staging import StagedScenario
from firedrill.scenario.definitions import Definitions


def require_alerts(definitions: Definitions, names: Sequence[str]) -> frozenset[str]:
    """Return the names of alerts as a set.

    Raises:
        KnownFailure: There is no alert of a name.
    """
    existing = [definitions.alert(monitor) for monitor in definitions.account.monitors]
    existing += [unread.name for unread in definitions.unread]
    for name in names:
        if name not in existing:
            similar = ", ".join(get_close_matches(name, existing, n=3, cutoff=0.4))
            advice = f"did you mean {similar}?" if similar else "`firedrill new alert NAME` declares one"
            raise KnownFailure(f"there is no alert {name!r} among the {len(existing)} that are declared: {advice}")
    return frozenset(names)


def selected(definitions: Definitions, alerts: Collection[str]) -> Definitions:
    """Return the definitions with the monitors of some alerts and those that they read; without names, all."""
    if not alerts:
        return definitions
    kept = {
        str(member["id"])
        for monitor in definitions.account.monitors
        if definitions.alert(monitor) in alerts
        for member in with_members(definitions, monitor)
    }
    monitors = [monitor for monitor in definitions.account.monitors if str(monitor["id"]) in kept]
    unread = [item for item in definitions.unread if item.name in alerts]
    return replace(definitions.with_monitors(monitors), unread=unread)


def alone(definitions: Definitions, alerts: Collection[str]) -> Definitions:
    """Return some alerts with nothing but what decides their behaviour: members, SLOs, synthetic tests, recipients."""
    few = selected(definitions, alerts)
    monitors = few.account.monitors
    identifiers = {str(monitor["id"]) for monitor in monitors}
    checks = {(monitor.get("options") or {}).get("synthetics_check_id") for monitor in monitors}
    tests = [
        test
        for test in few.account.synthetics
        if str(test.get("monitor_id")) in identifiers or test.get("public_id") in checks
    ]
    account = replace(few.account, slos=slos_of(few, monitors), synthetics=tests)
    names = {identifier: name for identifier, name in few.names.items() if identifier in identifiers}
    return replace(few, account=account, names=names, unread=(), pipelines=())


def narrowed(
    definitions: Definitions, staged: StagedScenario, alerts: Collection[str]
) -> tuple[Definitions, StagedScenario]:
    """Return what to judge of a scenario in a proof of some alerts.

    A scenario that names an alert of these is judged as a whole, since another alert may fire in it, too. Of any other
    scenario, only these alerts are judged.
    """
    if not alerts or any(expectation.alert in alerts for expectation in staged.scenario.then):
        return definitions, staged
    few = selected(definitions, alerts)
    names = {few.alert(monitor) for monitor in few.account.monitors}
    then = [expectation for expectation in staged.scenario.then if expectation.alert in names]
    return few, replace(staged, scenario=staged.scenario.model_copy(update={"then": then}))
