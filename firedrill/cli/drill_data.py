"""The report of ``firedrill drill`` as data, for ``--json``."""

from collections.abc import Sequence

from firedrill.drill.run import Drill
from firedrill.evaluate.model import Json
from firedrill.scenario.clock import Clock
from firedrill.scenario.outcome import AlertOutcome


def drills_data(drills: Sequence[Drill]) -> Json:
    """Return the outcome of each drill; times are seconds on the virtual clock."""
    return {
        "as_expected": not any(drill.problems for drill in drills),
        "drills": [
            {
                "scenario": drill.name,
                "title": drill.scenario.title,
                "problems": drill.problems,
                "alerts": [
                    _alert(outcome, drill.clock) for outcome in drill.outcomes.values() if outcome.fired() is not None
                ],
                "workflow": None if drill.workflow is None else _workflow(drill),
            }
            for drill in drills
        ],
    }


def _alert(outcome: AlertOutcome, clock: Clock) -> Json:
    fired, cleared = outcome.fired(), outcome.cleared()
    return {
        "alert": outcome.alert,
        "fired_after_failure": None if fired is None else fired - clock.failure,
        "cleared_after_remediation": None if cleared is None else cleared - clock.remediation,
        "paged": list(dict.fromkeys(person for paging in outcome.pagings for person in paging.people)),
        "started": sorted({run.handle for run in outcome.workflow_runs()}),
    }


def _workflow(drill: Drill) -> Json:
    assert drill.workflow is not None
    steps = [{"name": step.name, "status": step.status} for step in drill.workflow.steps]
    return {"handle": drill.workflow.handle, "status": drill.workflow.status, "steps": steps}
