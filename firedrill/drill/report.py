"""Print a drill: a table of its alerts, the first page of each, the workflow, and the differences."""

from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from firedrill.drill.run import BURST, Drill
from firedrill.sandbox.datadog.live.workflows.execution import WorkflowInstance
from firedrill.scenario.clock import Clock
from firedrill.scenario.outcome import SIGNAL, AlertOutcome
from firedrill.scenario.words import after


def show(drill: Drill, console: Console) -> None:
    """Print a drill's alerts, pages, workflow and problems."""
    clock = drill.clock
    expected = {expectation.alert for expectation in drill.scenario.then}
    shown = {
        alert: outcome for alert, outcome in drill.outcomes.items() if alert in expected or outcome.fired() is not None
    }
    table = Table("alert", "fired", "cleared", "paged", "started", title=escape(drill.scenario.title))
    for outcome in shown.values():
        table.add_row(*_cells(outcome, clock))
    console.print(table)
    if len(shown) < len(drill.outcomes):
        console.print(f"{len(drill.outcomes) - len(shown)} other alerts stayed quiet.")
    console.print(
        f"Virtual clock: failure at {_time(clock.failure)}, remediation at {_time(clock.remediation)}, "
        f"end at {_time(clock.end)} UTC."
    )
    for outcome in drill.outcomes.values():
        if outcome.pagings:
            _show_page(outcome, console)
    if drill.workflow is not None:
        _show_remediation(drill, drill.workflow, console)
    for problem in drill.problems:
        console.print(f"[red]Not as expected[/red]  {escape(problem)}", soft_wrap=True)
    if not drill.problems:
        console.print(f"[green]{escape(drill.name)} is as expected.[/green]")


def _cells(outcome: AlertOutcome, clock: Clock) -> tuple[str, ...]:
    fired, cleared = outcome.fired(), outcome.cleared()
    if fired is None:
        times = ("stayed quiet", "")
    elif SIGNAL in (outcome.monitor.get("tags") or ()) and fired < clock.failure:
        # A signal is a condition that composites read, such as enough traffic: it is on in ordinary time, too.
        times = ("[dim]on already before the failure (a signal)[/dim]", "[dim]not expected to clear[/dim]")
    else:
        recovery = "[red]never[/red]" if cleared is None else after(cleared - clock.remediation, "the remediation")
        times = (f"[red]{after(fired - clock.failure, 'the failure')}[/red]", recovery)
    people = dict.fromkeys(person for paging in outcome.pagings[:1] for person in paging.people)
    workflows = sorted({run.handle for run in outcome.workflow_runs()})
    return escape(outcome.alert), *times, escape(", ".join(people)), escape(", ".join(workflows))


def _show_page(outcome: AlertOutcome, console: Console) -> None:
    """Print the first page of an alert: its message, and who is paged when until somebody acknowledges."""
    page = outcome.pages()[0]
    sent = next(notification for notification in outcome.notifications if page in notification.deliveries)
    pagings = "\n".join(
        f"{_time(paging.time)}  {', '.join(paging.people)}  ({', '.join(paging.schedules) or 'by name'})"
        for paging in outcome.pagings
    )
    title = f"{outcome.alert} pages team {page.team}, urgency {page.urgency}"
    text = f"{sent.rendered.title}\n\n{sent.rendered.text.strip()}\n\nPaged until somebody acknowledges:\n{pagings}"
    console.print(Panel(escape(text), title=escape(title), expand=console.is_terminal))


def _show_remediation(drill: Drill, workflow: WorkflowInstance, console: Console) -> None:
    """Print the steps of the workflow, and the model that answered afterwards."""
    steps = ", ".join(f"{step.name} {step.status}" for step in workflow.steps)
    model, count = (drill.burst.models.most_common(1) or [("no model", 0)])[0]
    console.print(
        f"Workflow {workflow.handle}: {workflow.status} ({escape(steps)}). After it "
        f"{count} of {BURST} chats were answered by {escape(model)}, from {len(drill.instances)} instances."
    )


def _time(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%H:%M")
