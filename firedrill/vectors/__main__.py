"""``python -m firedrill.vectors FILE...``: a line for each case that fails, totals by topic; 1 if any failed."""

import json
import sys
from collections import Counter
from pathlib import Path

from firedrill.vectors.runner import run_cases


def main(arguments: list[str]) -> int:
    """Run the files named on the command line."""
    if not arguments:
        sys.stderr.write("usage: python -m firedrill.vectors FILE...\n")
        return 2
    outcomes = [
        outcome for name in arguments for outcome in run_cases(json.loads(Path(name).read_text(encoding="utf-8")))
    ]
    totals = Counter(outcome.topic for outcome in outcomes)
    passed = Counter(outcome.topic for outcome in outcomes if outcome.difference is None)
    for outcome in outcomes:
        if outcome.difference is not None:
            sys.stdout.write(f"FAIL {outcome.id} ({outcome.topic}): {outcome.difference}\n")
    for topic, total in totals.items():
        sys.stdout.write(f"{passed[topic]:4} of {total:3}  {topic}\n")
    sys.stdout.write(f"{passed.total():4} of {totals.total():3}  in total\n")
    return 0 if passed.total() == totals.total() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
