"""Score scenarios by mutants that change no state: faults in messages, on-call definitions and workflows.

A scenario is evaluated once. Only its notifications are rendered and delivered again for each mutant.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from firedrill.evaluate.model import Json
from firedrill.notify.directory import Directory
from firedrill.notify.lint import lint_message
from firedrill.notify.oncall.jsonapi import attributes
from firedrill.notify.template import TemplateError
from firedrill.prove.months import BEGIN
from firedrill.prove.mutation.message_mutants import alike, message_mutants
from firedrill.prove.mutation.mutants import Kind
from firedrill.prove.mutation.on_call_mutants import directory_mutants, pages_alike
from firedrill.prove.mutation.score import Verdict
from firedrill.prove.play import ScenarioOutcome, judge_all
from firedrill.prove.state_paths import recipient_problems
from firedrill.scenario.definitions import Definitions
from firedrill.scenario.outcome import SIGNAL, alert_outcome


@dataclass(frozen=True)
class DeliveryMutant:
    """A fault in the message of one alert (``monitor``), or in a directory, which concerns every alert."""

    kind: Kind
    subject: str
    fault: str
    monitor: Json | None = None
    directory: Directory | None = None


class DeliveryMutants:
    """All mutants of an account's deliveries. ``caught`` has the places of those that a scenario noticed."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self.caught: set[int] = set()
        self.all: Sequence[DeliveryMutant] = list(_mutants(definitions))
        self._of_alert: dict[str, list[int]] = {}
        for place, mutant in enumerate(self.all):
            self._of_alert.setdefault(mutant.subject if mutant.monitor is not None else "", []).append(place)

    def play(self, outcome: ScenarioOutcome) -> set[int]:
        """Return the places of the mutants that a scenario notices, without those that an earlier one noticed."""
        definitions, staged = self._definitions, outcome.staged
        before = set(self.caught)
        for alert, original in outcome.alerts.items():
            if not original.notifications or staged.delays:
                continue
            acts = bool(original.pagings or original.workflow_runs())
            expected = staged.for_alert(alert)
            for place in (*self._of_alert.get(alert, ()), *(self._of_alert.get("", ()) if acts else ())):
                if place in self.caught:
                    continue
                mutant = self.all[place]
                faulty = definitions if mutant.directory is None else replace(definitions, directory=mutant.directory)
                try:
                    changed = alert_outcome(
                        faulty, mutant.monitor or original.monitor, original.transitions, original.missing_metrics
                    )
                    is_caught = bool(judge_all(expected, {alert: changed}))
                except TemplateError:
                    is_caught = True
                if is_caught:
                    self.caught.add(place)
        return self.caught - before

    def verdicts(self, caught: Iterable[int]) -> list[Verdict]:
        """Return the verdict on every mutant, of which scenarios caught these. Findings catch others."""
        noticed = set(caught)
        return [
            Verdict(mutant.subject, mutant.fault, self._outcome(mutant, place in noticed), mutant.kind)
            for place, mutant in enumerate(self.all)
        ]

    def _outcome(self, mutant: DeliveryMutant, is_noticed: bool) -> str:
        definitions = self._definitions
        if is_noticed:
            return "caught"
        if mutant.directory is not None:
            same = mutant.kind == "on-call" and pages_alike(definitions.directory, mutant.directory, BEGIN)
            return "equivalent" if same else "survived"
        assert mutant.monitor is not None
        original = next(
            monitor for monitor in definitions.account.monitors if definitions.alert(monitor) == mutant.subject
        )
        known = {finding.message for finding in lint_message(original)}
        if any(finding.message not in known for finding in lint_message(mutant.monitor)):
            return "caught"
        if recipient_problems(definitions, mutant.monitor):
            return "caught"
        return "equivalent" if mutant.kind == "message" and alike(original, mutant.monitor) else "survived"


def _mutants(definitions: Definitions) -> Iterator[DeliveryMutant]:
    mentioned = " ".join(str(monitor.get("message")) for monitor in definitions.account.monitors)
    started = {
        attributes(workflow)["name"]
        for workflow in definitions.directory.workflows
        if f"@workflow-{(attributes(workflow).get('spec') or {}).get('handle')}" in mentioned
    }
    for monitor in definitions.account.monitors:
        if SIGNAL not in (monitor.get("tags") or ()):
            alert = definitions.alert(monitor)
            for kind, fault, changed in message_mutants(monitor):
                yield DeliveryMutant(kind, alert, fault, monitor=changed)
    for kind, subject, fault, directory in directory_mutants(definitions.directory):
        if kind == "on-call" or subject in started:
            yield DeliveryMutant(kind, subject, fault, directory=directory)
