"""The results of one alert in a proof, taken from the cache where everything that they depend on is as it was.

What a result is computed from is first reduced to what its key holds, so that nothing else can decide it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TypeVar

from firedrill.evaluate import Timeline
from firedrill.evaluate.model import Json
from firedrill.prove.dependencies import relevant_signals
from firedrill.prove.months import month
from firedrill.prove.mutation.score import Verdict, distinct_scenarios, score
from firedrill.prove.noise import Noise, measure_noise
from firedrill.prove.ordinary import Ordinary
from firedrill.prove.play import ScenarioOutcome, judge_all, play
from firedrill.prove.proof_cache import ProofCache, digest
from firedrill.prove.selection import alone
from firedrill.prove.staging import StagedScenario
from firedrill.scenario.definitions import Definitions
from firedrill.scenario.outcome import AlertOutcome

Result = TypeVar("Result")
MOST_PLAYS = 1000
"""Plays that are kept of one scenario: those of its alerts now, and of versions of them before."""


@dataclass(frozen=True)
class AlertPlay:
    """One alert in one scenario: its outcome without the monitor, and the undocumented rule that decides it, if any."""

    outcome: AlertOutcome
    ambiguous: str | None


@dataclass(frozen=True)
class Results:
    """Computes results, or reads them from the cache. Each method also returns how many it read."""

    cache: ProofCache | None
    definitions: Definitions
    ordinary: Ordinary
    ordinary_digest: str

    def play(self, definitions: Definitions, staged: StagedScenario) -> tuple[ScenarioOutcome, int]:
        """Return the outcome of a scenario. Of alerts from the cache, its timeline has nothing."""
        if self.cache is None:
            return play(definitions, staged), 0
        key = digest(staged.name, self.source(staged))
        known: dict[str, AlertPlay] = self.cache.get("plays", key) or {}
        keys = self._play_keys(definitions, staged)
        plays = {alert: known[own] for alert, own in keys.items() if own in known}
        count = len(plays)
        if missing := set(keys) - set(plays):
            played = play(alone(definitions, missing), staged)
            if played.timeline.refused:
                return play(definitions, staged), 0
            fresh = {
                alert: AlertPlay(replace(played.alerts[alert], monitor={}), played.ambiguous.get(alert))
                for alert in missing
            }
            plays |= fresh
            kept = known if len(known) < MOST_PLAYS else {}
            self.cache.put("plays", key, kept | {keys[alert]: item for alert, item in plays.items()})
        return _joined(definitions, staged, plays), count

    def score(self, monitor: Json, staged: Sequence[StagedScenario]) -> tuple[list[Verdict], int]:
        """Return the verdicts on the faults of an alert."""
        definitions = alone(self.definitions, {self.definitions.alert(monitor)})
        parts = map(repr, distinct_scenarios(definitions, monitor, staged))
        key = digest(_digest_of(definitions), str(monitor["id"]), self.ordinary_digest, *parts)
        return self._remembered("faults", key, lambda: score(definitions, monitor, staged, self.ordinary))

    def noise(self, alert: str, seeds: int) -> tuple[Noise, int]:
        """Return the noise of an alert in ordinary months, one for each seed."""
        definitions = alone(self.definitions, {alert})
        key = digest(_digest_of(definitions), alert, self.ordinary_digest, str(seeds))
        return self._remembered("months", key, lambda: _noise(definitions, alert, self.ordinary, seeds))

    def with_digests(self, staged: StagedScenario, *, known: bool = False) -> StagedScenario:
        """Return a scenario with the digests of its telemetry; with ``known``, only if they are in the cache."""
        if self.cache is None or staged.known_digests is not None:
            return staged
        key = self.source(staged)
        digests = self.cache.get("telemetry", key)
        if digests is None and not known:
            digests = staged.digests
            self.cache.put("telemetry", key, digests)
        return replace(staged, known_digests=digests)

    def source(self, staged: StagedScenario) -> str:
        """Return a digest of what a scenario's telemetry is made of."""
        scenario = staged.scenario.model_dump_json(include={"given", "timeline", "begins"})
        if staged.files:
            return digest(scenario, *(file.read_bytes() for file in staged.files))
        return digest(scenario, self.ordinary_digest)

    @cached_property
    def alert_digests(self) -> Mapping[str, str]:
        """A digest of what decides the behaviour of each alert."""
        return {alert: _digest_of(alone(self.definitions, {alert})) for alert in _alerts(self.definitions)}

    def _play_keys(self, definitions: Definitions, staged: StagedScenario) -> dict[str, str]:
        """Return a key for each alert that is judged in a scenario: of its own digest, and of what is expected of it.

        Where telemetry arrives late, only the alerts that the scenario names and their members are judged, together.
        """
        if not staged.delays:
            return {
                alert: digest(self.alert_digests[alert], alert, *_expectations(staged, alert))
                for alert in _alerts(definitions)
            }
        expected = {item.alert for item in staged.scenario.then}
        named = alone(definitions, expected) if expected else definitions.with_monitors([])
        together = digest(_digest_of(named), staged.scenario.model_dump_json(include={"then"}))
        return {alert: digest(together, alert) for alert in _alerts(named)}

    def _remembered(self, kind: str, key: str, compute: Callable[[], Result]) -> tuple[Result, int]:
        result: Result | None = None if self.cache is None else self.cache.get(kind, key)
        if result is not None:
            return result, 1
        result = compute()
        if self.cache is not None:
            self.cache.put(kind, key, result)
        return result, 0


def results(cache: ProofCache | None, definitions: Definitions, ordinary: Ordinary) -> Results:
    """Return the results of the alerts of an account."""
    return Results(cache, definitions, ordinary, digest(ordinary.model_dump_json()))


def _noise(definitions: Definitions, alert: str, ordinary: Ordinary, seeds: int) -> Noise:
    signals = ordinary
    for monitor in definitions.account.monitors:
        if definitions.alert(monitor) == alert:
            signals = relevant_signals(definitions, monitor, ordinary)
    return sum((measure_noise(definitions, month(signals, seed), alerts={alert}) for seed in range(seeds)), Noise())


def _alerts(definitions: Definitions) -> list[str]:
    """Return the names of all alerts, each once."""
    return list(dict.fromkeys(map(definitions.alert, definitions.account.monitors)))


def _expectations(staged: StagedScenario, alert: str) -> list[str]:
    return [item.model_dump_json() for item in staged.scenario.expectations_of(alert)]


def _joined(definitions: Definitions, staged: StagedScenario, plays: Mapping[str, AlertPlay]) -> ScenarioOutcome:
    """Return the outcome of a scenario from those of its alerts."""
    monitors = {definitions.alert(monitor): monitor for monitor in definitions.account.monitors}
    alerts = {alert: replace(plays[alert].outcome, monitor=monitors[alert]) for alert in sorted(plays)}
    ambiguous = {alert: rule for alert in sorted(plays) if (rule := plays[alert].ambiguous) is not None}
    return ScenarioOutcome(staged, Timeline(), alerts, judge_all(staged, alerts), ambiguous)


def _digest_of(definitions: Definitions) -> str:
    """Return a digest of everything in some definitions."""
    return digest(json.dumps(asdict(definitions), default=str))
