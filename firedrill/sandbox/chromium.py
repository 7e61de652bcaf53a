"""The Chromium of this machine, where there is one, for Playwright to drive."""

import shutil

PATH = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    # RUM's SDK does not start where it sees a driver.
    "--disable-blink-features=AutomationControlled",
)  # fmt: skip
