"""Debian's Chromium, driven by Playwright: a page, and what its console and its requests said."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from firedrill.sandbox import chromium

needs_chromium = pytest.mark.skipif(chromium.PATH is None, reason="not run: needs Chromium (apt-get install chromium)")


@dataclass
class Tab:
    """A page with what it did since it was opened."""

    page: Page
    requests: list[str] = field(default_factory=list)
    """The URL of each request."""
    failures: list[str] = field(default_factory=list)
    """URL and reason of each request without a response."""
    complaints: list[str] = field(default_factory=list)
    """Errors of the console, responses of 400 and more among them, and uncaught exceptions."""

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("requestfailed", lambda request: self.failures.append(f"{request.url} {request.failure}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda message: (
                self.complaints.append(f"{message.text} {message.location['url']}") if message.type == "error" else None
            ),
        )


@contextmanager
def tab(folder: Path, *flags: str, **context: Any) -> Iterator[Tab]:
    """Provide a page of a new browser with an empty profile; ``context`` goes to Playwright's ``new_context``.

    One at a time in a thread, and not around ``asyncio.run``: Playwright runs its loop in the caller's thread.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.PATH, args=[*chromium.FLAGS, *flags], env={**os.environ, "HOME": str(folder)}
        )
        try:
            yield Tab(browser.new_context(**context).new_page())
        finally:
            browser.close()
