"""Pictures of dashboards, drawn by this machine's Chromium."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from firedrill.dashboards.account import account
from firedrill.dashboards.declared import Declared
from firedrill.dashboards.telemetry import SECONDS, Story
from firedrill.errors import KnownFailure
from firedrill.sandbox import chromium

WIDTH, HEIGHT = 1440, 1000
DRAW_SECONDS = 120.0
NO_CHROMIUM = "Pictures need Chromium, and this machine has none: install it (apt-get install chromium)"


def require_chromium() -> None:
    """Raise :class:`KnownFailure` if this machine has no Chromium."""
    if chromium.PATH is None:
        raise KnownFailure(NO_CHROMIUM)


def draw(declared: Declared, names: Sequence[str], story: Story, files: Path, suffix: str = "") -> dict[str, Path]:
    """Draw the declared dashboards of these names as ``NAME{suffix}.png`` in a folder; return the files by name.

    Raises:
        KnownFailure: There is no Chromium, or a dashboard could not be drawn.
    """
    require_chromium()
    from playwright.sync_api import Error, sync_playwright

    files.mkdir(parents=True, exist_ok=True)
    drawn: dict[str, Path] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        account(Path(folder), declared, names, story) as (url, ids),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium.PATH, args=list(chromium.FLAGS))
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        shown = f"from_ts={(story.end - SECONDS) * 1000:.0f}&to_ts={story.end * 1000:.0f}"
        page.set_default_timeout(DRAW_SECONDS * 1000)
        for name, identifier in ids.items():
            file = files / f"{name}{suffix}.png"
            try:
                page.goto(f"{url}/dashboard/{identifier}?{shown}")
                page.wait_for_selector("article.widget")
                page.wait_for_selector("article.widget:not([data-drawn])", state="detached")
                page.screenshot(path=file, full_page=True)
            except Error as error:
                raise KnownFailure(f"The dashboard {name} could not be drawn: {str(error).splitlines()[0]}") from error
            drawn[name] = file
        browser.close()
    return drawn
