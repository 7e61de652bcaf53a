"""``python -m tests.vectors FILE...``: prints a line for each case that fails and totals by topic.

The exit status is 1 if any case failed.
"""

import json
import sys
from collections import Counter
from pathlib import Path

from tests.vectors.runner import run_cases


def main(arguments: list[str]) -> int:
    """Run the files named on the command line and return the exit status."""
    if not arguments:
        sys.stderr.write("usage: python -m tests.vectors FILE...\n")
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
