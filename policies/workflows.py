"""Workflows that monitors start."""

import json
from collections.abc import Iterator

from policies.policy import Resource, Stack, policy


@policy(
    "workflow-rate-limited",
    "datadog:WorkflowAutomation",
    description="A workflow that a monitor starts has a rate limit.",
    prevents="A multi alert starts a workflow for each of its groups. A workflow that switches models and runs for "
    "every group hides the effect of its first run.",
    link="https://docs.datadoghq.com/actions/workflows/trigger/",
)
def rate_limited(workflow: Resource, stack: Stack) -> Iterator[str]:
    """Check the rate limit of monitor triggers; without one Datadog allows a run every second."""
    spec = json.loads(workflow.get("specJson", "{}"))
    for trigger in spec.get("triggers") or ():
        if "monitorTrigger" in trigger and not (trigger["monitorTrigger"] or {}).get("rateLimit"):
            yield (
                'Add "rateLimit": {"count": 1, "interval": "300s"} to the monitor trigger: without it a multi alert '
                "starts a run for each group."
            )
