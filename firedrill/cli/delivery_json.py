"""The reports of delivery as data, for ``--json``."""

from collections.abc import Sequence
from dataclasses import asdict

from firedrill.delivery.doctor import CheckedItem
from firedrill.delivery.drift import Drift
from firedrill.delivery.history import Update
from firedrill.delivery.preview import PreviewReport
from firedrill.delivery.resource_changes import ResourceChange
from firedrill.delivery.rollback import Check
from firedrill.evaluate.model import Json


def change_data(change: ResourceChange) -> Json:
    """Return a planned or found change of one resource."""
    return {
        "kind": change.kind,
        "name": change.name,
        "id": change.id,
        "operation": change.operation,
        "properties": [asdict(changed) for changed in change.properties],
    }


def preview_data(report: PreviewReport) -> Json:
    """Return a preview; ``failure`` is null if it succeeds."""
    return {
        "stack": report.stack,
        "failure": report.failure or None,
        "changes": [change_data(change) for change in report.changes],
        "counts": dict(report.counts),
        "violations": [asdict(violation) for violation in report.violations],
        "alerts": report.alerts or None,
        "on_call": [asdict(team) for team in report.on_call],
        "on_call_error": report.on_call_error or None,
        "notes": list(report.notes),
    }


def drift_data(report: Drift, stack: str) -> Json:
    """Return what differs from the declarations, and who edited it last."""
    return {
        "stack": stack,
        "compared": report.compared,
        "changes": [
            {**change_data(change), "edited": None if edit is None else asdict(edit)}
            for change in report.changes
            for edit in [report.edits.get(change.id)]
        ],
        "harmless": [{**change_data(change), "because": reason} for change, reason in report.harmless],
        "at_runtime": [asdict(item) for item in report.at_runtime],
        "notes": list(report.notes),
    }


def rollback_data(checked: Check, update: Update, stack: str) -> Json:
    """Return whether a roll-back is possible, what it and the return change, and what is lost or missing."""
    return {
        "stack": stack,
        "update": update.number,
        "possible": checked.possible,
        "directions": [
            {
                "name": direction.name,
                "problem": direction.problem or None,
                "changes": [change_data(change) for change in direction.changes],
            }
            for direction in checked.directions
        ],
        "lost": [change_data(change) for change in checked.lost],
        "missing": list(checked.missing),
    }


def doctor_data(items: Sequence[CheckedItem], stack: str) -> Json:
    """Return the results of all checks."""
    return {
        "stack": stack,
        "ready": all(item.state == "ok" for item in items),
        "checks": [asdict(item) for item in items],
    }
