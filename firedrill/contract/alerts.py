"""Sort a stack's alerts by a service's contract: those that read what it emits stay, the others go."""

from firedrill.contract.check import UNIFIED, contract_faults, query_faults
from firedrill.contract.contract import Contract
from firedrill.evaluate.model import Json
from firedrill.prove.account.reads import slo_queries
from firedrill.prove.dependencies import slos_of, with_members
from firedrill.prove.findings import Finding
from firedrill.query import QueryError
from firedrill.scenario.definitions import Definitions


def missing_telemetry(contract: Contract, definitions: Definitions) -> dict[str, list[str]]:
    """Return, by alert, what it reads and the service does not emit; an empty list for an alert that stays.

    Values of the tags service, env and version are ignored, since the alert will have the service's own.
    """
    missing: dict[str, list[str]] = {}
    for monitor in definitions.account.monitors:
        members = with_members(definitions, monitor)
        texts = [text for member in members for text in _missing(contract, definitions, member)]
        missing[definitions.alert(monitor)] = list(dict.fromkeys(texts))
    return missing


def _missing(contract: Contract, definitions: Definitions, monitor: Json) -> list[str]:
    faults = contract_faults(contract, monitor, UNIFIED)
    for slo in slos_of(definitions, [monitor]):
        for text in slo_queries(slo):
            try:
                faults += query_faults(contract, text, UNIFIED)
            except QueryError:
                continue
    return faults


def outside_contract(contract: Contract, definitions: Definitions) -> list[Finding]:
    """Return a finding for each part of a monitor's query that no service of the contract emits."""
    return [
        Finding(definitions.alert(monitor), "not-in-contract", text)
        for monitor in definitions.account.monitors
        for text in contract_faults(contract, monitor)
    ]
