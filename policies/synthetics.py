"""Synthetic tests: they run, assert what users need, and do not fail for network errors alone."""

from collections.abc import Iterator

from policies.monitor_resource import SYNTHETICS
from policies.policy import Resource, Stack, policy

LINK = "https://docs.datadoghq.com/synthetics/api_tests/http_tests/"


@policy(
    "synthetics-retry",
    SYNTHETICS,
    description="A synthetic test retries, and alerts only when more than one location fails.",
    prevents="Without retries, one lost packet between a location and the service pages somebody at night.",
    link=LINK,
)
def retries(test: Resource, stack: Stack) -> Iterator[str]:
    """Check the retry count, and that at least two of several locations must fail."""
    locations = test.get_list("locations")
    if (test.get("optionsList.retry.count") or 0) < 1:
        yield "Set optionsList.retry.count to 1 or more: a single lost packet alerts."
    if len(locations) > 1 and (test.get("optionsList.minLocationFailed") or 1) < 2:
        yield "Set optionsList.minLocationFailed to 2: a network problem of one location alerts."
    if len(locations) == 1 and not str(locations[0]).startswith("pl:"):
        yield "Run the test from two or more locations: one cannot tell its own network from the service."


@policy(
    "synthetics-assertions",
    SYNTHETICS,
    description="An HTTP test asserts the status code and the response time.",
    prevents="Without an assertion on the status, an error page passes. Without one on the time, the test passes "
    "while users wait.",
    link=LINK,
)
def assertions(test: Resource, stack: Stack) -> Iterator[str]:
    """Check HTTP tests with one request; steps of other tests have assertions of their own."""
    if test.get("subtype", "http") != "http" or test.get("type") != "api":
        return
    types = {assertion.get("type") for assertion in test.get_list("assertions")}
    if not types & {"statusCode", "body"}:
        yield "Assert the status code: an error page passes."
    if "responseTime" not in types:
        yield "Assert the response time: a response after a minute passes."


@policy(
    "synthetics-live",
    SYNTHETICS,
    description="A declared synthetic test is live.",
    prevents="A test that was paused in code and forgotten checks nothing, and its monitor stays OK.",
    link=LINK,
)
def live(test: Resource, stack: Stack) -> Iterator[str]:
    """Check the status."""
    if test.get("status") != "live":
        yield 'Set status to "live", or remove the test: a paused test checks nothing.'
