"""Record docs/img/theater.jpg: the failure theater during a throttle storm in the running sandbox (``make up`` first).

``python docs/record_theater_picture.py`` presses the button in Chromium, waits until somebody is paged, and ends the
failure.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import sync_playwright

from firedrill.sandbox import chromium
from firedrill.settings import from_environment

PICTURE = Path(__file__).parent / "img" / "theater.jpg"
PAGED_MINUTES = 15
QUESTION = "What is an error budget? One sentence."


def main() -> None:
    """Record the picture."""
    if chromium.PATH is None:
        raise SystemExit("there is no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.PATH, args=list(chromium.FLAGS))
        page = browser.new_page(viewport={"width": 1360, "height": 1000})
        page.goto(from_environment().service_url)
        page.get_by_label("Chats that this tab sends").select_option("2")
        page.get_by_label("Your question").fill(QUESTION)
        page.get_by_role("button", name="Ask").click()
        page.wait_for_timeout(60_000)  # healthy minutes before the failure
        page.get_by_role("button", name="Throttled").click()
        page.locator(".story [data-step=page].reached").wait_for(timeout=PAGED_MINUTES * 60_000)
        page.locator(".story [data-step=workflow].reached").wait_for(timeout=PAGED_MINUTES * 60_000)
        page.wait_for_timeout(5_000)
        page.screenshot(path=PICTURE, type="jpeg", quality=70)
        page.get_by_role("button", name="End the failure").click()
        page.get_by_text("The failure has ended").wait_for()
        browser.close()
    print(f"{PICTURE.name}: {PICTURE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
