"""Sensitive Data Scanner: groups and rules that redact."""

from collections.abc import Iterator

from firedrill.logs.scanner import ScannerError, compile_pattern
from policies.policy import Resource, Stack, policy

LINK = "https://docs.datadoghq.com/security/sensitive_data_scanner/setup/telemetry_data/"


@policy(
    "scanner-group-redacts",
    "datadog:SensitiveDataScannerGroup",
    description="A Sensitive Data Scanner group is enabled and scans all events that its filter selects.",
    prevents="`is_enabled` is false by default, and a group with a sample rate below 100 cannot redact. Both look "
    "like working groups in the list, and sensitive data stays readable.",
    link=LINK,
)
def group_redacts(group: Resource, stack: Stack) -> Iterator[str]:
    """Check that the group is enabled; rates are the percentage of events."""
    if not group.get("isEnabled"):
        yield "Set isEnabled to true: the group scans nothing."
    for sampling in group.get_list("samplings"):
        if float(sampling.get("rate", 100)) < 100:
            yield f"Set the rate of {sampling.get('product')} to 100: a group that samples cannot redact."


@policy(
    "scanner-rule-redacts",
    "datadog:SensitiveDataScannerRule",
    description="A Sensitive Data Scanner rule has a valid pattern and replaces what it matches.",
    prevents="The scanner supports no lookaround and no back-references; Datadog rejects such a rule in the middle of "
    "an update. A rule without a replacement only labels text that everybody can still read.",
    link=LINK,
)
def rule_redacts(rule: Resource, stack: Stack) -> Iterator[str]:
    """Check the rule's own pattern; patterns of Datadog's library are not public."""
    if not rule.get("isEnabled", True):
        yield "Set isEnabled to true: the rule matches nothing."
    if rule.get("textReplacement.type", "none") == "none":
        yield "Set textReplacement: the matched text stays readable."
    if rule.get("pattern"):
        try:
            compile_pattern({"pattern": rule.get("pattern")})
        except ScannerError as error:
            yield f"Correct the pattern: {error}"
