"""Records the pictures of the README from real runs: ``.venv/bin/python docs/record.py``.

Runs the commands against this checkout's sandbox (destroyed first, so that the first `up` is a first one) and keeps
what they print as SVG. Nothing is edited but the checkout's own path, and the middle of Pulumi's long list, which is
left out where it says so.
"""

import os
import shutil
import subprocess
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "img"
WIDTH = 132
KEPT = 18
"""Lines that are shown from a long output's begin and end."""


def run(*arguments: str) -> str:
    """What a command prints, with its colours."""
    environment = os.environ | {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    answer = subprocess.run(
        [ROOT / ".venv" / "bin" / "firedrill", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise SystemExit(f"firedrill {' '.join(arguments)} ended with {answer.returncode}:\n{answer.stdout}")
    return answer.stdout


def keep(name: str, title: str, output: str, *, ends: bool = False) -> None:
    """Save an output as a picture of a terminal."""
    output = output.replace(str(ROOT), "~/checkout")
    lines = [line for line in output.splitlines() if not line.startswith("@ ")]
    if ends and len(lines) > 2 * KEPT:
        left_out = len(lines) - 2 * KEPT
        lines = [*lines[:KEPT], f"... {left_out} lines of Pulumi's list are left out here ...", *lines[-KEPT:]]
    console = Console(record=True, width=WIDTH, file=(IMAGES / "discarded").open("w"))
    console.print(Text.from_ansi("\n".join(lines)))
    console.save_svg(str(IMAGES / f"{name}.svg"), title=title)
    (IMAGES / "discarded").unlink()


def main() -> None:
    """All recordings; the sandbox runs afterwards."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    run("destroy")
    keep("up", "make up", run("up"), ends=True)
    keep("drill", "make drill", run("drill"))
    keep("status", "make status", run("status"))
    pictures = ROOT / ".sandbox" / "drill"
    shutil.copy2(pictures / "throttle_storm-signal-burns-fast.svg", IMAGES / "availability-fast-burn.svg")


if __name__ == "__main__":
    main()
