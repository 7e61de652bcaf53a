"""Record the pictures of the README from real runs: ``.venv/bin/python docs/record.py``.

The commands run against this checkout's sandbox, which is destroyed first, so that `up` is a first deployment. Their
output is saved as SVG. Only the checkout's path is replaced, and the middle of a long list is left out,
which the picture says.
"""

import os
import shutil
import subprocess
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "img"
WIDTH = 132
SHOWN_ALERT = "signal-burns-fast"
SHOWN_LINES = 18
"""Lines that are shown from the beginning and from the end of a long output."""


def run(*arguments: str) -> str:
    """Run a command and return its output with colours."""
    environment = os.environ | {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    completed = subprocess.run(
        [ROOT / ".venv" / "bin" / "firedrill", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if completed.returncode:
        raise SystemExit(f"firedrill {' '.join(arguments)} ended with {completed.returncode}:\n{completed.stdout}")
    return completed.stdout


def save(name: str, title: str, output: str, *, shorten: bool = False) -> None:
    """Save an output as a picture of a terminal; with ``shorten``, without the middle of a long one."""
    output = output.replace(str(ROOT), "~/checkout")
    lines = [line for line in output.splitlines() if not line.startswith("@ ")]
    if shorten and len(lines) > 2 * SHOWN_LINES:
        left_out = f"... {len(lines) - 2 * SHOWN_LINES} lines are left out here ..."
        lines = [*lines[:SHOWN_LINES], left_out, *lines[-SHOWN_LINES:]]
    console = Console(record=True, width=WIDTH, file=(IMAGES / "discarded").open("w"))
    console.print(Text.from_ansi("\n".join(lines)))
    console.save_svg(str(IMAGES / f"{name}.svg"), title=title)
    (IMAGES / "discarded").unlink()


def picture_of_the_proof() -> None:
    """Save a picture of docs/proof with an alert opened. Needs Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 760})
        page.goto((ROOT / "docs" / "proof" / "index.html").as_uri())
        page.get_by_role("button", name=SHOWN_ALERT).click()
        page.locator(".detail .plot svg").wait_for()
        page.evaluate(f"document.getElementById('row-{SHOWN_ALERT}').scrollIntoView()")
        page.screenshot(path=IMAGES / "proof.png")
        browser.close()


def main() -> None:
    """Record all pictures. The sandbox runs afterwards."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    run("destroy")
    save("up", "make up", run("up"), shorten=True)
    save("drill", "make drill", run("drill"))
    save("status", "make status", run("status"), shorten=True)
    picture_of_the_proof()


if __name__ == "__main__":
    main()
