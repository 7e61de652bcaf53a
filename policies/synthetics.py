"""Synthetic tests: they fail for the service's reasons, not for the network's."""

from collections.abc import Iterator

from policies.monitor_json import SYNTHETICS
from policies.policy import Resource, Stack, policy

LINK = "https://docs.datadoghq.com/synthetics/api_tests/http_tests/"


@policy(
    "synthetics-retry",
    SYNTHETICS,
    says="A test is tried again, and from more than one location, before it alerts.",
    prevents="One lost packet between one location and the service would page somebody at night.",
    link=LINK,
)
def retries(test: Resource, stack: Stack) -> Iterator[str]:
    """Retry count, and two failed locations where there are two."""
    if (test.get("optionsList.retry.count") or 0) < 1:
        yield "Set optionsList.retry.count to 1 or more: a single lost packet alerts."
    if len(test.items("locations")) > 1 and (test.get("optionsList.minLocationFailed") or 1) < 2:
        yield "Set optionsList.minLocationFailed to 2: one location's own network alerts."
    if len(test.items("locations")) == 1 and not str(test.items("locations")[0]).startswith("pl:"):
        yield "Run it from two locations or more: one alone cannot tell its own network from the service."


@policy(
    "synthetics-assertions",
    SYNTHETICS,
    says="An HTTP test asserts the status and the time of the answer.",
    prevents="Without assertions a test passes on an error page; without a time it passes while users wait.",
    link=LINK,
)
def assertions(test: Resource, stack: Stack) -> Iterator[str]:
    """For tests of one request; steps of other kinds assert by themselves."""
    if test.get("subtype", "http") != "http" or test.get("type") != "api":
        return
    asserted = {one.get("type") for one in test.items("assertions")}
    if not asserted & {"statusCode", "body"}:
        yield "Assert the status code: an error page passes."
    if "responseTime" not in asserted:
        yield "Assert the response time: an answer after a minute passes."


@policy(
    "synthetics-live",
    SYNTHETICS,
    says="A declared test runs.",
    prevents="A test that somebody paused in code and forgot watches nothing, and its monitor stays OK.",
    link=LINK,
)
def live(test: Resource, stack: Stack) -> Iterator[str]:
    """Not paused."""
    if test.get("status") != "live":
        yield 'Set status to "live", or remove the test: paused, it watches nothing.'
