"""``python -m tests.public_monitors [--page PAGE] FILE...``: a line for each monitor that is not judged, and totals.

A file has one monitor a line, or is an API response. ``--page`` writes the counts into a page of the documentation.
The exit status is 1 if any monitor is refused or ends in a traceback.
"""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.public_monitors.runner import Outcome, run

BEGIN, END = "<!-- public monitors -->", "<!-- /public monitors -->"
COLUMNS = ("parsed", "judged", "broken", "refused", "traceback")


def main(arguments: list[str]) -> int:
    """Run the files named on the command line and return the exit status."""
    page = Path(arguments[1]) if arguments[:1] == ["--page"] and len(arguments) > 1 else None
    names = arguments[2:] if page is not None else arguments
    if not names:
        sys.stderr.write("usage: python -m tests.public_monitors [--page PAGE] FILE...\n")
        return 2
    outcomes = run(content for name in names for content in read(Path(name)))
    for outcome in outcomes:
        if outcome.verdict != "judged":
            sys.stdout.write(f"{outcome.verdict.upper()} {outcome.name} ({outcome.family}): {outcome.reason}\n")
    rows = table(outcomes)
    sys.stdout.write("\n".join([*rows, *reasons(outcomes), ""]))
    if page is not None:
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        lines = "\n".join([BEGIN, *rows, "", *reasons(outcomes)])
        page.write_text(f"{before}{lines}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    counts = Counter(outcome.verdict for outcome in outcomes)
    read_and_judged = counts["judged"] + counts["broken"]
    sys.stdout.write(
        f"{read_and_judged} of {len(outcomes)} monitors are read and judged without refusal or traceback "
        f"({counts['judged']} evaluated, {counts['broken']} refused by Datadog, too)\n"
    )
    return 0 if read_and_judged == len(outcomes) else 1


def read(path: Path) -> list[Any]:
    """Return the monitors of a file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    content = json.loads(text)
    return content if isinstance(content, list) else content.get("monitors") or [content]


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the counts by family as the lines of a Markdown table."""
    rows = [f"| family | monitors | {' | '.join(COLUMNS)} |", "|---|" + "---|" * (len(COLUMNS) + 1)]
    families = Counter(outcome.family for outcome in outcomes)
    for name in [*sorted(families, key=lambda name: (-families[name], name)), "all"]:
        members = [outcome for outcome in outcomes if name in {outcome.family, "all"}]
        counts: Counter[str] = Counter(outcome.verdict for outcome in members)
        counts["parsed"] = sum(outcome.parsed for outcome in members)
        rows.append(f"| {name} | {len(members)} | {' | '.join(str(counts[column]) for column in COLUMNS)} |")
    return rows


def reasons(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the reasons of refusals with their counts, as lines of a Markdown list."""
    counts = Counter(outcome.reason for outcome in outcomes if outcome.verdict == "refused")
    return [f"- {count}: {reason}" for reason, count in counts.most_common()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
