"""Custom metrics: those that Datadog computes from events, and the tags of all."""

import re
from collections.abc import Iterator

from policies.policy import Resource, Stack, policy

COMPUTED = ("datadog:LogsMetric", "datadog:SpansMetric", "datadog:RumMetric")
UNBOUNDED_TAG = re.compile(
    r"(^|[._-])(id|user|usr|session|email|prompt|query|trace|span|request_id|conversation)([._-]id)?$"
)


@policy(
    "computed-metric-by-env",
    *COMPUTED,
    description="A metric that is computed from logs, spans or RUM events is grouped by env.",
    prevents="A metric exists once in an organisation. Without an env tag, a production alert also counts what "
    "somebody does in dev.",
    link="https://docs.datadoghq.com/getting_started/tagging/unified_service_tagging/",
)
def by_env(metric: Resource, stack: Stack) -> Iterator[str]:
    """Check the groups, or that the filter selects one environment."""
    tags = {group.get("tagName") or str(group.get("path", "")).lstrip("@") for group in metric.get_list("groupBies")}
    if "env" not in tags and "env:" not in metric.get("filter.query", ""):
        yield "Add {path: env, tagName: env} to groupBies: the metric mixes all environments."


@policy(
    "metric-tags-bounded",
    *COMPUTED,
    "datadog:MetricTagConfiguration",
    description="No metric has a tag whose values are users, sessions or requests.",
    prevents="Each combination of tag values is billed as a custom metric. A user id as a tag makes the bill grow "
    "with the number of users, and stores personal data that cannot be deleted.",
    link="https://docs.datadoghq.com/account_management/billing/custom_metrics/",
)
def tags_bounded(metric: Resource, stack: Stack) -> Iterator[str]:
    """Check the names of the tags. A list of excluded tags allows all others, so it is a violation too."""
    if metric.get("excludeTagsMode"):
        yield "List the tags to keep, not those to exclude: a new tag with unbounded values would be kept."
        return
    groups = (group.get("tagName") or group.get("path", "") for group in metric.get_list("groupBies"))
    for tag in [*metric.get_list("tags"), *groups]:
        if UNBOUNDED_TAG.search(str(tag).lstrip("@")):
            yield f"Remove the tag {tag!r}: it has a new value for each user, session or request."


@policy(
    "spans-metric-groups-sorted",
    "datadog:SpansMetric",
    description="A metric that is computed from spans lists its groups sorted by path, each with its tag name.",
    prevents="The published plugin sorts the groups by path, but leaves the tag names in the program's order, and "
    "reports nothing: with `env` first and `@google_genai.request.model` last, the tag `env` had names of models. "
    "Every alert and graph by environment was wrong, and no preview showed a difference.",
    link="https://docs.datadoghq.com/tracing/trace_pipeline/generate_metrics/",
)
def groups_sorted(metric: Resource, stack: Stack) -> Iterator[str]:
    """Compare the order of the paths with the plugin's, which is by character code (``@`` comes before letters)."""
    groups = metric.get_list("groupBies")
    paths = [str(group.get("path", "")) for group in groups]
    if paths != sorted(paths):
        yield f"Sort groupBies by path ({', '.join(sorted(paths))}): the plugin would cross their tag names."
    for group in groups:
        if not group.get("tagName"):
            # A single recording shows it: an update to a group without a tag name got that of another group.
            yield f"Set the tagName of {group.get('path')}: the plugin can fill in that of another group."
