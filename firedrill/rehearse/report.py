"""The report of a rehearsal: a table of steps or of cases, and the same as data."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from firedrill.rehearse.commands import NOT_RUN, State, Step
from firedrill.rehearse.play import Rehearsal
from firedrill.settings import Provider

STYLES: dict[State, str] = {"ok": "green", "refused": "yellow", "wrong": "red"}
PROVIDERS = {
    Provider.OURS: "our own provider (the published Datadog plugin is not on this machine)",
    Provider.PUBLISHED: "the published Datadog plugin",
}


def print_step(step: Step, console: Console) -> None:
    """Print a step when it is done."""
    style = STYLES[step.state]
    place = f" (in {step.folder})" if step.folder else ""
    console.print(
        f"[{style}]{step.state:8}[/{style}]{step.seconds:5.0f} s  {escape(step.command)}{place}: {escape(step.result)}",
        soft_wrap=True,
    )


def print_rehearsals(rehearsals: Sequence[Rehearsal], provider: Provider, console: Console) -> None:
    """Print a row for each case, and what was not run."""
    table = Table("case", "", "time", "result")
    for each in rehearsals:
        style = "green" if each.green else "red"
        refused = sum(step.state == "refused" for step in each.steps)
        up = f"the stack is up{f', after {refused} refusals that name their key' if refused else ''}"
        table.add_row(
            escape(each.case.name),
            f"[{style}]{'green' if each.green else 'red'}[/{style}]",
            f"{each.seconds:.0f} s",
            escape(each.problem or up),
        )
    console.print(table)
    console.print(f"Datadog's resources: {PROVIDERS[provider]}.")
    console.print("Not run here:")
    for command, reason in NOT_RUN.items():
        console.print(f"  {command}: {reason}", soft_wrap=True)


def rehearsals_data(rehearsals: Sequence[Rehearsal], provider: Provider, stack: str) -> dict[str, Any]:
    """Return the report as data."""
    return {
        "stack": stack,
        "provider": provider.value,
        "green": all(each.green for each in rehearsals),
        "cases": [
            {
                "case": each.case.name,
                "green": each.green,
                "problem": each.problem,
                "seconds": round(each.seconds, 1),
                "steps": [{**asdict(step), "seconds": round(step.seconds, 1)} for step in each.steps],
            }
            for each in rehearsals
        ],
        "not_run": [{"command": command, "because": reason} for command, reason in NOT_RUN.items()],
    }
