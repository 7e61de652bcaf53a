"""``python -m tests.reference COUNT [FIRST]``: compare on COUNT random monitors; list each disagreement."""

import sys

from tests.reference.compare import compare


def main(arguments: list[str]) -> int:
    """Compare, print the disagreements, and end with a count."""
    count, first = int(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 0
    disagreements = [found for seed in range(first, first + count) if (found := compare(seed)) is not None]
    for disagreement in disagreements:
        sys.stdout.write(f"{disagreement}\n")
    sys.stdout.write(f"{count - len(disagreements)} of {count} agree\n")
    return 1 if disagreements else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
