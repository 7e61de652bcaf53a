"""The proof as a table for the terminal, as Markdown with plots beside it, and as one HTML file."""

import html
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from firedrill.drill.account import Definitions
from firedrill.drill.report import picture
from firedrill.prove.proof import Outcome
from firedrill.prove.session import Proof

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em}table{border-collapse:"
    "collapse}td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left}svg{max-width:100%;height:auto}"
)


def rows(proof: Proof, definitions: Definitions) -> Sequence[tuple[str, ...]]:
    """A line for each alert: scenarios that fire it, that keep it quiet, faults, noise, what the verdict rests on."""
    depends = {alert for one in proof.outcomes for alert in one.depends}
    made = []
    for monitor in definitions.account.monitors:
        alert = definitions.alert(monitor)
        faults = Counter(one.outcome for one in proof.verdicts if one.alert == alert)
        shown = f"{faults['caught']} of {faults['caught'] + faults['survived']}"
        weekly = proof.noise.notified[alert] / proof.noise.weeks if proof.noise.weeks else 0.0
        rests = ["real telemetry"] if alert in proof.coverage.real else []
        rests += ["others' telemetry"] if alert in proof.external else []
        rests += ["an undocumented rule"] if alert in depends else []
        fires, quiet = proof.coverage.fires[alert], proof.coverage.quiet[alert]
        made.append((alert, str(len(fires)), str(len(quiet)), shown, f"{weekly:.2f}", ", ".join(rests)))
    return made


HEAD = ("alert", "fires in", "stays quiet in", "faults caught", "a week for nothing", "rests on")


def summary(proof: Proof) -> str:
    """The figures in a sentence each."""
    counts = Counter(one.outcome for one in proof.verdicts)
    covered = sum(bool(one) and bool(proof.coverage.quiet[alert]) for alert, one in proof.coverage.fires.items())
    text = f"{covered} of {len(proof.coverage.fires)} alerts fire in one scenario and stay quiet in another. "
    text += f"{len(proof.outcomes)} scenarios. "
    text += (
        f"{len(proof.coverage.real)} alerts fire on telemetry that the running service emitted; {len(proof.external)} "
        "read only what others emit. "
    )
    if proof.verdicts:
        text += (
            f"{counts['caught']} of {counts['caught'] + counts['survived']} faults are caught ({proof.score:.1%}); "
            f"{counts['equivalent']} more behave as the original on an ordinary month and 200 random series. "
        )
    if proof.noise.weeks:
        said = ", ".join(f"{team} hears {count / proof.noise.weeks:.2f}" for team, count in proof.noise.teams.items())
        text += f"In {proof.noise.weeks:.0f} ordinary weeks {said or 'nobody hears anything'} a week. "
    if proof.took:
        text += f"It took {proof.took:.0f} s. "
    return text.strip()


def show(proof: Proof, definitions: Definitions, console: Console) -> None:
    """The table, the summary and why the proof fails."""
    table = Table(*HEAD)
    for row in rows(proof, definitions):
        table.add_row(*map(escape, row))
    console.print(table)
    console.print(summary(proof))
    if proof.unrecorded:
        console.print(f"Not played, for want of recordings (`firedrill record`): {', '.join(proof.unrecorded)}.")
    for line in proof.problems():
        console.print(f"[red]Not proven[/red]  {escape(line)}", soft_wrap=True)
    if not proof.problems():
        console.print("[green]Proven.[/green]")


def shown(proof: Proof, alert: str) -> Outcome | None:
    """The scenario to draw for an alert: one with real telemetry in which it fires, else any in which it does."""
    firing = [one for one in proof.outcomes if alert in one.stories and one.stories[alert].fired() is not None]
    return max(firing, key=lambda one: one.staged.real, default=None)


def write(proof: Proof, definitions: Definitions, folder: Path) -> None:
    """``report.html`` (all in one), ``README.md`` and a plot for each alert."""
    folder.mkdir(parents=True, exist_ok=True)
    problems = proof.problems()
    verdict = "Proven." if not problems else f"Not proven, for {len(problems)} reasons."
    equal = [one for one in proof.verdicts if one.outcome == "equivalent"]
    alive = [one for one in proof.verdicts if one.outcome == "survived"]
    text = ["# Proof", "", f"**{verdict}** {summary(proof)}", "", *_table(HEAD, rows(proof, definitions))]
    page = [
        f"<h1>Proof</h1><p><b>{verdict}</b> {html.escape(summary(proof))}</p>",
        _html(HEAD, rows(proof, definitions)),
    ]
    for title, lines in (
        ("Why it is not proven", problems),
        ("Findings", [str(one) for one in proof.findings]),
        ("Faults that nothing can tell apart", [f"{one.alert}: {one.what}" for one in equal]),
        ("Faults that survive", [f"{one.alert}: {one.what}" for one in alive]),
    ):
        if lines:
            text += ["", f"## {title}", "", *(f"- {line}" for line in lines)]
            page.append(f"<h2>{title}</h2><ul>{''.join(f'<li>{html.escape(line)}</li>' for line in lines)}</ul>")
    text += ["", "## Each alert"]
    page.append("<h2>Each alert</h2>")
    for alert in proof.coverage.fires:
        outcome = shown(proof, alert)
        if outcome is None:
            continue
        story, path = outcome.stories[alert], folder / f"{alert}.svg"
        picture(outcome.staged.clock, outcome.timeline, story, path)
        source = "the running service emitted" if outcome.staged.real else "written by hand"
        paged = ", ".join(dict.fromkeys(person for one in story.pagings for person in one.people))
        line = f"{outcome.staged.scenario.title} (telemetry {source})." + (f" Pages {paged}." if paged else "")
        text += ["", f"### {alert}", "", line, "", f"![{alert}]({path.name})"]
        drawing = path.read_text().partition("<svg")
        page.append(f"<h3>{alert}</h3><p>{html.escape(line)}</p><svg{drawing[2]}")
    listed = [
        (one.staged.name, one.staged.scenario.title, "real" if one.staged.real else "written",
         "; ".join(one.problems) or "as it says") for one in proof.outcomes
    ]  # fmt: skip
    head = ("scenario", "what happens", "telemetry", "result")
    text += ["", "## Scenarios", "", *_table(head, listed), ""]
    page.append(f"<h2>Scenarios</h2>{_html(head, listed)}")
    (folder / "README.md").write_text("\n".join(text))
    (folder / "report.html").write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Proof</title><style>{STYLE}</style>'
        + "\n".join(page)
    )


def _table(head: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(f"| {' | '.join(line)} |" for line in lines)]


def _html(head: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> str:
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>" for line in lines)
    return f"<table><tr>{''.join(f'<th>{cell}</th>' for cell in head)}</tr>{body}</table>"
