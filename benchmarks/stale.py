"""Sections of docs/benchmarks.md that are older than the code they measure: ``python -m benchmarks.stale``.

A section is as old as its newest line. Prints one line for each stale section, and exits 1 if there are any.
"""

import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.sdk_import import PAGE, ROOT

MEASURED = {
    "sdk_import": ["benchmarks/sdk_import.py", "firedrill/lean_sdk", "requirements.txt"],
    "loop": ["benchmarks/loop.py", "firedrill/engine", "firedrill/provider", "firedrill/datadog", "infra", "policies"],
    "bare_resources": ["benchmarks/bare_resources.py", "benchmarks/echo_provider.py", "requirements.txt"],
    "chat": ["benchmarks/chat.py", "benchmarks/plain_chat.py", "service"],
    "evaluator": ["benchmarks/evaluator.py", "firedrill/evaluate", "firedrill/query"],
    "evaluator_scale": ["benchmarks/evaluator_scale.py", "firedrill/evaluate"],
    "telemetry_store": ["benchmarks/telemetry_store.py", "firedrill/sandbox/datadog/telemetry"],
}
"""The paths that each section measures."""


@dataclass(frozen=True)
class Stale:
    """A section that is older than the newest commit of what it measures."""

    section: str
    measured: datetime | None
    changed: datetime

    def __str__(self) -> str:
        measured = f"measured {self.measured:%Y-%m-%d %H:%M}" if self.measured else "never measured"
        changed = f"its code changed {self.changed:%Y-%m-%d %H:%M}"
        return f"{self.section}: {measured}, {changed}: run `python -m benchmarks.{self.section}`"


def git(*arguments: str) -> str:
    """Return the output of a git command in the checkout."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def section_time(section: str) -> datetime | None:
    """Return the time of a section's newest line, or None when the section is empty."""
    text = PAGE.read_text()
    first = text[: text.index(f"<!-- {section} -->")].count("\n") + 2
    last = text[: text.index(f"<!-- /{section} -->")].count("\n")
    if last < first:
        return None
    blame = git("blame", "--line-porcelain", f"-L{first},{last}", "--", PAGE.relative_to(ROOT).as_posix())
    return datetime.fromtimestamp(max(map(int, re.findall(r"^committer-time (\d+)$", blame, re.MULTILINE))), UTC)


def stale_sections() -> list[Stale]:
    """Return the sections that are empty or older than what they measure."""
    stale = []
    for section, paths in MEASURED.items():
        changed = datetime.fromtimestamp(int(git("log", "-1", "--format=%ct", "--", *paths)), UTC)
        measured = section_time(section)
        if measured is None or measured < changed:
            stale.append(Stale(section, measured, changed))
    return stale


def main() -> None:
    """Print the stale sections."""
    stale = stale_sections()
    for section in stale:
        print(section)
    if stale:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
