"""The report of a proof on the screen: a table of the alerts, the summary, and why the proof fails."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from firedrill.prove.proof import Proof
from firedrill.prove.report.summary import alert_figures, summary
from firedrill.scenario.definitions import Definitions

ALERT_COLUMNS = ("alert", "fires in", "stays quiet in", "faults caught", "false notifications a week", "evidence")
Row = tuple[str, ...]


def show(proof: Proof, definitions: Definitions, console: Console) -> None:
    """Print the table, the summary and the reasons why the proof fails."""
    table = Table(*ALERT_COLUMNS)
    for row in alert_rows(proof, definitions):
        table.add_row(*map(escape, row))
    console.print(table)
    console.print(summary(proof))
    if proof.not_played:
        console.print(f"Not played, because `firedrill record` has not recorded them: {', '.join(proof.not_played)}.")
    for outcome in proof.outcomes:
        for alert, rule in outcome.ambiguous.items():
            text = f"{outcome.staged.name}: {alert}: {rule}"
            console.print(f"[yellow]An undocumented rule decides[/yellow]  {escape(text)}", soft_wrap=True)
    for problem in proof.problems():
        console.print(f"[red]Not proven[/red]  {escape(problem)}", soft_wrap=True)
    if not proof.problems():
        console.print("[green]Proven.[/green]")


def alert_rows(proof: Proof, definitions: Definitions) -> Sequence[Row]:
    """Return a row of :data:`ALERT_COLUMNS` for each alert."""
    return [
        (
            figures.alert,
            str(len(figures.fires_in)),
            str(len(figures.quiet_in)),
            f"{figures.faults['caught']} of {figures.distinguishable}",
            f"{figures.weekly or 0:.2f}",
            ", ".join(figures.evidence),
        )
        for figures in alert_figures(proof, definitions)
    ]
