"""The report of a proof as data, as ``firedrill prove --json`` prints it: docs/schemas/prove.json."""

from collections import Counter
from collections.abc import Sequence

from firedrill.evaluate.model import Json
from firedrill.prove.mutation.score import Verdict
from firedrill.prove.play import ScenarioOutcome
from firedrill.prove.proof import Proof, share_caught
from firedrill.prove.report.summary import AlertFigures, alert_figures, covered, summary, verdict_line
from firedrill.scenario.definitions import Definitions
from firedrill.scenario.words import course

OUTCOMES = ("caught", "survived", "equivalent")


def proof_data(proof: Proof, definitions: Definitions) -> Json:
    """Return everything that a proof found, without the courses of the alerts."""
    figures, problems = alert_figures(proof, definitions), proof.problems()
    return {
        "proven": not problems,
        "verdict": verdict_line(proof),
        "summary": summary(proof),
        "seconds": round(proof.seconds, 1),
        "from_cache": {kind: proof.from_cache[kind] for kind in ("plays", "faults", "months")},
        "covered": covered(proof),
        "problems": problems,
        "alerts": [_alert(of_alert, problems) for of_alert in figures],
        "classes": [
            {"class": kind, "share": round(share_caught(verdicts), 4), **_counts(verdicts)}
            for kind, verdicts in proof.by_class().items()
        ],
        "other_faults": _other_faults(proof, {of_alert.alert for of_alert in figures}),
        "scenarios": [_scenario(outcome) for outcome in proof.outcomes],
        "not_played": proof.not_played,
        "noise": {
            "weeks": round(proof.noise.weeks, 1),
            "teams": {team: round(count / proof.noise.weeks, 2) for team, count in proof.noise.teams.items()},
        },
        "findings": [
            {"alert": finding.alert, "kind": finding.kind, "text": finding.text, "error": finding.error}
            for finding in proof.findings
        ],
    }


def _alert(figures: AlertFigures, problems: Sequence[str]) -> Json:
    monitor = figures.monitor
    return {
        "alert": figures.alert,
        "name": monitor["name"],
        "type": monitor["type"],
        "query": monitor["query"],
        "fires_in": list(figures.fires_in),
        "quiet_in": list(figures.quiet_in),
        "faults": dict(figures.faults),
        "survived": figures.faults_of("survived"),
        "equivalent": figures.faults_of("equivalent"),
        "notifications_a_week": None if figures.weekly is None else round(figures.weekly, 2),
        "evidence": list(figures.evidence),
        "problems": [problem for problem in problems if _names(problem, figures.alert)],
    }


def _names(problem: str, alert: str) -> bool:
    """Return whether a line of :meth:`Proof.problems` is about an alert."""
    return f" {alert}: " in f" {problem}"


def _counts(verdicts: Sequence[Verdict]) -> Json:
    counts = Counter(verdict.outcome for verdict in verdicts)
    return {outcome: counts[outcome] for outcome in OUTCOMES}


def _other_faults(proof: Proof, alerts: set[str]) -> list[Json]:
    """Return the faults that no scenario notices of on-call definitions, workflows and log pipelines."""
    return [
        {"in": verdict.alert, "fault": verdict.fault, "class": verdict.kind}
        for verdict in proof.verdicts
        if verdict.alert not in alerts and verdict.outcome == "survived"
    ]


def _scenario(outcome: ScenarioOutcome) -> Json:
    staged = outcome.staged
    return {
        "scenario": staged.name,
        "title": staged.scenario.title,
        "course": course(staged.scenario),
        "telemetry": "real" if staged.real else "simulated",
        "problems": outcome.problems,
    }
