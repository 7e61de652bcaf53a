"""The coverage of alerts by scenarios: each needs one in which it fires and one that says that it stays quiet."""

from collections.abc import Sequence
from dataclasses import dataclass

from firedrill.prove.staging import StagedScenario
from firedrill.scenario.definitions import Definitions


@dataclass
class Coverage:
    """The scenarios in which each alert fires and stays quiet; ``real`` alerts fire on the service's own telemetry."""

    fires: dict[str, list[str]]
    quiet: dict[str, list[str]]
    real: set[str]

    def problems(self) -> list[str]:
        """Return a line for each alert that lacks one of the two."""
        return [
            *(f"{alert}: no scenario makes it fire" for alert, scenarios in self.fires.items() if not scenarios),
            *(
                f"{alert}: no scenario says that it stays quiet"
                for alert, scenarios in self.quiet.items()
                if not scenarios
            ),
        ]


def coverage(definitions: Definitions, staged: Sequence[StagedScenario]) -> Coverage:
    """Return the coverage of all alerts by the expectations of these scenarios."""
    alerts = [definitions.alert(monitor) for monitor in definitions.account.monitors]
    result = Coverage({alert: [] for alert in alerts}, {alert: [] for alert in alerts}, set())
    for item in staged:
        for expectation in item.scenario.then:
            if expectation.may_stay_quiet or expectation.alert not in result.fires:
                continue
            quiet = expectation.stays == "quiet"
            scenarios = result.quiet if quiet else result.fires
            scenarios[expectation.alert].append(item.name)
            if item.real and not quiet:
                result.real.add(expectation.alert)
    return result
