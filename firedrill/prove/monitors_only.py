"""Judge monitors without scenarios: print their faults and how often they alert while nothing is wrong."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from firedrill.evaluate.model import Json
from firedrill.prove.findings import Finding, findings
from firedrill.prove.noise import Noise
from firedrill.prove.ordinary import Ordinary
from firedrill.prove.proof import measure_months
from firedrill.scenario.definitions import Definitions


@dataclass(frozen=True)
class Judgement:
    """The findings and the noise of monitors without scenarios. with_telemetry: not only their texts."""

    definitions: Definitions
    findings: list[Finding]
    noise: Noise
    with_telemetry: bool

    @property
    def good(self) -> bool:
        """True if no finding is an error."""
        return not any(finding.error for finding in self.findings)


def judge(definitions: Definitions, ordinary: Ordinary | None, seeds: int, others: Sequence[Finding] = ()) -> Judgement:
    """Judge monitors. Without ``ordinary`` telemetry only their texts are judged. ``others``: by other means."""
    results = [*findings(definitions, ordinary), *others]
    noise = Noise() if ordinary is None else measure_months(definitions, ordinary, seeds)
    results += noise.noisy(definitions)
    return Judgement(definitions, results, noise, ordinary is not None)


def data(judgement: Judgement) -> Json:
    """Return the judgement as ``firedrill prove --monitors FILE --json`` prints it."""
    weeks = judgement.noise.weeks
    names = [judgement.definitions.alert(monitor) for monitor in judgement.definitions.account.monitors]
    return {
        "good": judgement.good,
        "findings": [asdict(finding) for finding in judgement.findings],
        "monitors": [
            {"alert": name, "false_alerts_a_week": round(judgement.noise.alerts[name] / weeks, 2) if weeks else None}
            for name in names
        ],
    }


def show(judgement: Judgement, console: Console) -> None:
    """Print the findings and the noise of each monitor."""
    results = judgement.findings
    for finding in results:
        colour = "red" if finding.error else "yellow"
        console.print(f"[{colour}]{finding.kind}[/]  {escape(f'{finding.alert}: {finding.text}')}", soft_wrap=True)
    count = len(judgement.definitions.account.monitors)
    if judgement.with_telemetry:
        _show_noise(judgement.definitions, results, judgement.noise, console)
        console.print(f"{count} monitors, {len(results)} findings. Not judged: when they fire (--scenarios).")
    else:
        console.print(f"{count} monitors, {len(results)} findings in their texts.")
        console.print("Not judged: what they read and how noisy they are (--ordinary), when they fire (--scenarios).")


def _show_noise(definitions: Definitions, results: list[Finding], noise: Noise, console: Console) -> None:
    if not noise.weeks:
        return
    table = Table("alert", "findings", "false alerts a week")
    for monitor in definitions.account.monitors:
        alert = definitions.alert(monitor)
        kinds = dict.fromkeys(finding.kind for finding in results if finding.alert == alert)
        table.add_row(escape(alert), ", ".join(kinds), f"{noise.alerts[alert] / noise.weeks:.2f}")
    console.print(table)
