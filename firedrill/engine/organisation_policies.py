"""Errors of a Google organisation's policies, explained with the key that leaves out what they forbid."""

import re

SWITCHES = {
    "serviceAccountKeys": r"Key creation is not allowed on this service account|disableServiceAccountKeyCreation",
    "outsideMembers": r"do not belong to a permitted customer|allowedPolicyMember(s|Domains)",
}
"""By key of the stack's configuration: a pattern of the errors of the policy.

https://docs.cloud.google.com/iam/docs/troubleshoot-org-policies
"""


def explain_policy(message: str, urn: str) -> str:
    """Return an error of the engine; where a policy of the organisation forbids it, with the command that avoids it."""
    key = next((name for name, pattern in SWITCHES.items() if re.search(pattern, message)), "")
    if not key:
        return message
    project = [*urn.split("::"), "", ""][1] or "PROJECT"
    return (
        f"{message}\nA policy of the Google organisation forbids this. To deploy without it: "
        f"`pulumi config set {project}:{key} false` (docs/deploy.md says what is left out)."
    )
