"""The report of a proof as Markdown: the verdict and the table, as a repository shows them."""

from collections.abc import Sequence

from firedrill.prove.proof import Proof
from firedrill.prove.report.screen import ALERT_COLUMNS, Row, alert_rows
from firedrill.prove.report.summary import summary, verdict_line
from firedrill.scenario.definitions import Definitions


def markdown(proof: Proof, definitions: Definitions) -> str:
    """Return the verdict, why the proof fails, and a row for each alert."""
    text = ["# Proof", "", f"**{verdict_line(proof)}** {summary(proof)}", ""]
    text += [f"- {problem}" for problem in proof.problems()]
    text += [""] if proof.problems() else []
    text += ["Plots, faults and scenarios are in `index.html` beside this file: open it in a browser.", ""]
    return "\n".join([*text, *_table(ALERT_COLUMNS, alert_rows(proof, definitions)), ""])


def _table(columns: Row, rows: Sequence[Row]) -> list[str]:
    head = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return head + [f"| {' | '.join(row)} |" for row in rows]
