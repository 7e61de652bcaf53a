"""Notification rules: recipients that are added by tags."""

from collections.abc import Iterator

from firedrill.logs.search import parse_search
from policies.monitor_resource import MONITOR, SYNTHETICS
from policies.policy import Resource, Stack, policy


@policy(
    "notification-rule-matches",
    "datadog:MonitorNotificationRule",
    description="A notification rule matches a monitor of the stack.",
    prevents="A rule on a tag that no monitor has adds nobody to any notification, and looks as if it did.",
    link="https://docs.datadoghq.com/monitors/notify/notification_rules/",
    scope="stack",
)
def matches(rule: Resource, stack: Stack) -> Iterator[str]:
    """Look for one monitor, or synthetic test, with all tags of the filter. A stack without monitors is not checked."""
    monitors = [*stack.of_kind(MONITOR), *stack.of_kind(SYNTHETICS)]
    tags, scope = [str(tag) for tag in rule.get_list("filter.tags")], rule.get("filter.scope")
    tags_of_monitors = [[str(tag) for tag in monitor.get_list("tags")] for monitor in monitors]
    if not tags_of_monitors:
        return
    if tags and not any(set(tags) <= set(of_monitor) for of_monitor in tags_of_monitors):
        existing = {tag for of_monitor in tags_of_monitors for tag in of_monitor}
        missing = ", ".join(tag for tag in tags if tag not in existing) or f"all of {', '.join(tags)}"
        yield f"Correct the filter's tags: no monitor has {missing}."
    if scope and not any(parse_search(str(scope)).matches({"tags": of_monitor}) for of_monitor in tags_of_monitors):
        yield f"Correct the filter's scope: no monitor matches {scope}."
