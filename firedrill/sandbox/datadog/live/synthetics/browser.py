"""Browser tests in this machine's Chromium: each step with its result and a screenshot.

https://docs.datadoghq.com/synthetics/browser_tests/ . Elements are found by the CSS selector or XPath of the test.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from firedrill.sandbox import chromium
from firedrill.sandbox.datadog.live.synthetics.assertions import Json
from firedrill.sandbox.datadog.live.template_variables import UnknownVariable, fill

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

SCREENSHOT = "screenshot"
"""Member of a step's result with a JPEG, until it is stored."""
NO_CHROMIUM = "this machine has no Chromium (apt-get install chromium): the test is stored as declared, but not run"
STEP_SECONDS = 60.0
"""Default time limit of a step."""
NAVIGATION_SECONDS = 60.0
SIZES = {"laptop_large": (1440, 1100), "tablet": (768, 1020), "mobile_small": (320, 550)}
"""Widths and heights of devices, by the part of an id behind the browser."""
JPEG_QUALITY = 50
_ONE_AT_A_TIME = threading.Lock()


class StepFailed(Exception):
    """A step that failed; the text is the reason."""


def unsupported(steps: Sequence[Json]) -> str | None:
    """Return why a test with these steps is not run; None if it is."""
    for step in steps:
        if step["type"] not in STEPS:
            return f"a step is {step['type']}: the sandbox runs steps of {', '.join(STEPS)}"
    return None if chromium.PATH else NO_CHROMIUM


def run_browser(test: Mapping[str, Any], variables: Mapping[str, str], identity: Mapping[str, str]) -> Json:
    """Run a test's steps in a new browser and return its result.

    ``identity`` are the globals by which the RUM SDK marks the session as that of a synthetic test.
    """
    device, started = (
        str(((test.get("options") or {}).get("device_ids") or ["chrome.laptop_large"])[0]),
        time.monotonic(),
    )
    width, height = SIZES.get(device.partition(".")[2], SIZES["laptop_large"])
    results: list[Json] = []
    with _ONE_AT_A_TIME, _page(width, height, identity) as page:
        message = _open(page, test, variables)
        if message is None:
            message = _run_steps(page, test.get("steps") or (), variables, results)
        url, version = page.url, page.context.browser.version if page.context.browser else ""
    return {
        "passed": message is None,
        "errorMessage": message,
        **({"errorCode": "STEP_FAILED"} if message is not None else {}),
        "duration": round((time.monotonic() - started) * 1000),
        "browserType": device.partition(".")[0],
        "browserVersion": version,
        "device": {"id": device, "width": width, "height": height},
        "startUrl": url if not results else results[0]["url"],
        "stepCountCompleted": sum(step["passed"] for step in results),
        "stepCountTotal": len(test.get("steps") or ()),
        "errorCount": int(message is not None),
        "stepDetails": results,
    }


@contextmanager
def _page(width: int, height: int, identity: Mapping[str, str]) -> Iterator["Page"]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.PATH, args=list(chromium.FLAGS))
        try:
            page = browser.new_page(viewport={"width": width, "height": height})
            for name, value in identity.items():
                page.add_init_script(f"window.{name} = {value!r}")
            yield page
        finally:
            browser.close()


def _open(page: "Page", test: Mapping[str, Any], variables: Mapping[str, str]) -> str | None:
    """Open the starting URL and return the reason if that fails."""
    from playwright.sync_api import Error

    try:
        response = page.goto(fill(test["config"]["request"], variables)["url"], timeout=NAVIGATION_SECONDS * 1000)
    except (Error, UnknownVariable) as error:
        return f"the starting URL cannot be opened: {str(error).splitlines()[0]}"
    return None if response is None or response.ok else f"the starting URL answers {response.status}"


def _run_steps(page: "Page", steps: Sequence[Json], variables: Mapping[str, str], results: list[Json]) -> str | None:
    """Run the steps until one fails, unless it may; return the reason of the first that may not."""
    message: str | None = None
    for number, step in enumerate(steps, 1):
        if message is not None and not step.get("alwaysExecute"):
            results.append(
                {"description": step["name"], "type": step["type"], "skipped": True, "passed": False, "url": page.url}
            )
            continue
        result = _run_step(page, step, variables)
        results.append(result)
        if not result["passed"] and not step.get("allowFailure") and message is None:
            message = f"step {number} ({step['name']}): {result['error']}"
    return message


def _run_step(page: "Page", step: Json, variables: Mapping[str, str]) -> Json:
    from playwright.sync_api import Error

    started, error = time.monotonic(), None
    timeout = float(step.get("timeout") or STEP_SECONDS)
    try:
        STEPS[step["type"]](page, fill(step.get("params") or {}, variables), time.monotonic() + timeout)
    except StepFailed as failure:
        error = str(failure)
    except (Error, UnknownVariable, KeyError) as failure:
        error = f"{type(failure).__name__}: {str(failure).splitlines()[0]}"
    return {
        "description": step["name"],
        "type": step["type"],
        "passed": error is None,
        "skipped": False,
        "error": error or "",
        "duration": round((time.monotonic() - started) * 1000),
        "url": page.url,
        **({} if step.get("noScreenshot") else {SCREENSHOT: page.screenshot(type="jpeg", quality=JPEG_QUALITY)}),
    }


def _element(page: "Page", params: Json, deadline: float) -> "Locator":
    """Return the first element of the step's locators, once it is there. Raises :class:`StepFailed`."""
    from playwright.sync_api import Error

    values = ((params.get("element") or {}).get("userLocator") or {}).get("values") or ()
    selectors = [f"{'xpath' if value['type'] == 'xpath' else 'css'}={value['value']}" for value in values]
    if not selectors:
        raise StepFailed(
            "the step has no locator of its own: the sandbox has none of those that Datadog's recorder makes"
        )
    while True:
        for selector in selectors:
            locator = page.locator(selector).first
            try:
                locator.wait_for(state="attached", timeout=500)
            except Error:
                continue
            return locator
        if time.monotonic() > deadline:
            raise StepFailed(f"no element is {' or '.join(selectors)}")


def _click(page: "Page", params: Json, deadline: float) -> None:
    _element(page, params, deadline).click(timeout=_left(deadline))


def _type(page: "Page", params: Json, deadline: float) -> None:
    element = _element(page, params, deadline)
    before = element.input_value() if params.get("appendToContent") else ""
    element.fill(before + str(params.get("value") or ""), timeout=_left(deadline))


def _go_to(page: "Page", params: Json, deadline: float) -> None:
    page.goto(str(params["value"]), timeout=_left(deadline))


def _wait(page: "Page", params: Json, _deadline: float) -> None:
    page.wait_for_timeout(float(params.get("value") or 0) * 1000)


def _assert_present(page: "Page", params: Json, deadline: float) -> None:
    _element(page, params, deadline)


def _assert_content(page: "Page", params: Json, deadline: float) -> None:
    element = _element(page, params, deadline)
    _eventually(element.inner_text, params, deadline)


def _assert_url(page: "Page", params: Json, deadline: float) -> None:
    _eventually(lambda: page.url, params, deadline)


def _eventually(read: Callable[[], str], params: Json, deadline: float) -> None:
    """Wait until a text passes the step's check. Raises :class:`StepFailed`."""
    check, expected = str(params.get("check") or "contains"), str(params.get("value") or "")
    if check not in CHECKS:
        raise StepFailed(f"the check {check} is none of {', '.join(CHECKS)}")
    while not CHECKS[check](actual := read().strip(), expected):
        if time.monotonic() > deadline:
            raise StepFailed(f"{check} {expected!r} does not hold for {actual[:100]!r}")
        time.sleep(0.1)


def _left(deadline: float) -> float:
    return max(1.0, (deadline - time.monotonic()) * 1000)


CHECKS: Mapping[str, Callable[[str, str], bool]] = {
    "equals": lambda actual, expected: actual == expected,
    "notEquals": lambda actual, expected: actual != expected,
    "contains": lambda actual, expected: expected in actual,
    "notContains": lambda actual, expected: expected not in actual,
    "startsWith": lambda actual, expected: actual.startswith(expected),
    "notStartsWith": lambda actual, expected: not actual.startswith(expected),
    "isEmpty": lambda actual, _expected: not actual,
    "notIsEmpty": lambda actual, _expected: bool(actual),
}
STEPS: Mapping[str, Callable[["Page", Json, float], None]] = {
    "click": _click,
    "typeText": _type,
    "goToUrl": _go_to,
    "wait": _wait,
    "assertElementPresent": _assert_present,
    "assertElementContent": _assert_content,
    "assertCurrentUrl": _assert_url,
}
"""The types of steps that the sandbox runs."""
