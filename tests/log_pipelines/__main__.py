"""``python -m tests.log_pipelines FILE...``: prints a line for each sample whose result differs, and totals.

The exit status is 1 if any sample differs.
"""

import json
import sys
from pathlib import Path

from tests.log_pipelines.runner import Outcome, run_lines


def main(arguments: list[str]) -> int:
    """Run the files named on the command line and return the exit status."""
    if not arguments:
        sys.stderr.write("usage: python -m tests.log_pipelines FILE...\n")
        return 2
    texts = [line for name in arguments for line in Path(name).read_text(encoding="utf-8").splitlines()]
    outcomes = run_lines(json.loads(text) for text in texts if text.strip())
    for outcome in outcomes:
        if outcome.difference is not None:
            shown = " (external)" if outcome.external else ""
            sys.stdout.write(f"FAIL {outcome.pipeline}#{outcome.number}{shown}: {outcome.difference[:400]}\n")
    _write_totals(outcomes)
    return 0 if all(outcome.difference is None for outcome in outcomes) else 1


def _write_totals(outcomes: list[Outcome]) -> None:
    sys.stdout.write(
        "Compared: attributes, message (JSON as JSON), status, service, trace id, tags without the source, time where "
        "one is recorded; not what lies below the target of a geo, user-agent or reference-table processor.\n"
    )
    local = [outcome for outcome in outcomes if not outcome.external]
    same = sum(outcome.difference is None for outcome in local)
    sys.stdout.write(f"{same} of {len(local)} without geo or user-agent results are the same\n")
    same = sum(outcome.difference is None for outcome in outcomes)
    sys.stdout.write(f"{same} of {len(outcomes)} recorded results are the same\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
