"""What is kept of logs and spans, what is taken out of them, and what is computed from them."""

import re
from collections.abc import Iterator

from firedrill.logs.scanner import ScannerError
from firedrill.logs.scanner import pattern as readable
from policies.policy import Resource, Stack, policy

COMPUTED = ("datadog:LogsMetric", "datadog:SpansMetric", "datadog:RumMetric")
ONE_PERSON = re.compile(
    r"(^|[._-])(id|user|usr|session|email|prompt|query|trace|span|request_id|conversation)([._-]id)?$"
)


@policy(
    "log-index-bounded",
    "datadog:LogsIndex",
    says="A log index has a daily limit, warns before it, and says when the day begins.",
    prevents="A loop that logs is paid for until somebody sees the bill. With the reset time left out, the provider "
    "found a difference at every preview (DataDog/terraform-provider-datadog, `daily_limit_reset`).",
    link="https://docs.datadoghq.com/logs/log_configuration/indexes/#set-daily-quota",
)
def index_bounded(index: Resource, stack: Stack) -> Iterator[str]:
    """The archive keeps what the index refuses."""
    if index.get("disableDailyLimit") or not index.get("dailyLimit"):
        yield "Set dailyLimit to about three times the busiest day."
    if not index.get("dailyLimitWarningThresholdPercentage"):
        yield "Set dailyLimitWarningThresholdPercentage: a limit that is reached unseen is a hole in the logs."
    for key in ("resetTime", "resetUtcOffset"):
        if not index.get(f"dailyLimitReset.{key}"):
            yield f"Set dailyLimitReset.{key}."


@policy(
    "scanner-group-redacts",
    "datadog:SensitiveDataScannerGroup",
    says="A group of the sensitive data scanner is on, and looks at everything that its filter selects.",
    prevents="`is_enabled` is false unless it is set, and a group with a sample rate below 100 cannot redact: both are "
    "shown in the list like those that work, and what they should take out stays.",
    link="https://docs.datadoghq.com/security/sensitive_data_scanner/setup/telemetry_data/",
)
def group_redacts(group: Resource, stack: Stack) -> Iterator[str]:
    """Rates are percent of events."""
    if not group.get("isEnabled"):
        yield "Set isEnabled: the group scans nothing."
    for one in group.items("samplings"):
        if float(one.get("rate", 100)) < 100:
            yield f"Set the rate of {one.get('product')} to 100: a group that samples cannot redact."


@policy(
    "scanner-rule-redacts",
    "datadog:SensitiveDataScannerRule",
    says="A rule of the scanner has a pattern that the scanner can read, and does something with what it finds.",
    prevents="The scanner has no lookaround and no back-references: Datadog refuses such a rule in the middle of an "
    "update. A rule without an action only labels what everybody can go on reading.",
    link="https://docs.datadoghq.com/security/sensitive_data_scanner/setup/telemetry_data/",
)
def rule_redacts(rule: Resource, stack: Stack) -> Iterator[str]:
    """Library patterns are not public, so that only rules with a pattern of their own can be read."""
    if not rule.get("isEnabled", True):
        yield "Set isEnabled: the rule finds nothing."
    if rule.get("textReplacement.type", "none") == "none":
        yield "Set textReplacement: what is found stays readable."
    if rule.get("pattern"):
        try:
            readable({"pattern": rule.get("pattern")})
        except ScannerError as error:
            yield f"Write the pattern anew: {error}"


@policy(
    "computed-metric-by-env",
    *COMPUTED,
    says="A metric that is computed from logs, spans or RUM events is grouped by env.",
    prevents="A metric's name exists once in an organisation: without env in it, an alert for production counts what "
    "somebody tries in dev.",
    link="https://docs.datadoghq.com/getting_started/tagging/unified_service_tagging/",
)
def by_env(metric: Resource, stack: Stack) -> Iterator[str]:
    """Or is of one environment by its filter."""
    tags = {one.get("tagName") or str(one.get("path", "")).lstrip("@") for one in metric.items("groupBies")}
    if "env" not in tags and "env:" not in metric.get("filter.query", ""):
        yield "Add {path: env, tagName: env} to groupBies."


@policy(
    "metric-tags-bounded",
    *COMPUTED,
    "datadog:MetricTagConfiguration",
    says="No metric has a tag whose values are single people, sessions or requests.",
    prevents="Each combination of tag values is a custom metric that is billed by itself: a user's id as a tag is a "
    "bill that grows with success, and personal data that nobody can delete.",
    link="https://docs.datadoghq.com/account_management/billing/custom_metrics/",
)
def tags_bounded(metric: Resource, stack: Stack) -> Iterator[str]:
    """By the tag's name. A list of tags to exclude lets every other one through."""
    if metric.get("excludeTagsMode"):
        yield "Name the tags that are allowed: a list of excluded ones lets the next one through."
        return
    tags = [*metric.items("tags"), *(one.get("tagName") or one.get("path", "") for one in metric.items("groupBies"))]
    for tag in tags:
        if ONE_PERSON.search(str(tag).lstrip("@")):
            yield f"Take the tag {tag!r} out: its values have no end."
