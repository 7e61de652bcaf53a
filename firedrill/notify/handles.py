"""Handles in a rendered message (docs.datadoghq.com/monitors/notify): who and what it is sent to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

HandleKind = Literal["oncall", "workflow", "team", "email", "incident", "case", "integration"]
PREFIXES: dict[str, HandleKind] = {
    "oncall-": "oncall",
    "workflow-": "workflow",
    "incident-": "incident",
    "case-": "case",
}
# An integration's handle is @<name>-<values>; anything else without a domain is a team.
INTEGRATIONS = (
    *("slack", "pagerduty", "webhook", "jira", "teams", "opsgenie", "victorops", "servicenow", "sns", "eventbridge"),
    *("hangouts", "googlechat", "zendesk", "statuspage", "freshservice", "xmatters", "moogsoft", "sumo", "flowdock"),
    *("hipchat", "campfire", "pushover", "azure-devops", "github", "incidentio"),
)
# Set off by a space from the text before it; the parameters of a workflow follow without one.
HANDLE = re.compile(r"(?<!\S)@(?P<name>[A-Za-z0-9][\w.+#/@:-]*)(?P<parameters>\((?:\"(?:\\.|[^\"\\])*\"|[^()\"])*\))?")
PARAMETER = re.compile(r"\s*(?P<key>[\w.-]+)\s*=\s*(?:\"(?P<quoted>(?:\\.|[^\"\\])*)\"|(?P<bare>[^,]*))\s*(?:,|$)")


@dataclass(frozen=True)
class Handle:
    """``name`` has neither ``@`` nor the kind's prefix, except for integrations, which keep theirs (``slack-llm``)."""

    kind: HandleKind
    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """The handle as it is written, without ``@`` and parameters."""
        prefix = next((prefix for prefix, kind in PREFIXES.items() if kind == self.kind), "")
        return prefix + self.name


def read_handles(text: str) -> list[Handle]:
    """All handles of a rendered text, each once, in order."""
    found: list[Handle] = []
    for match in HANDLE.finditer(text):
        handle = parse_handle(match["name"].rstrip(".,:;!?"), match["parameters"] or "")
        if handle and handle not in found:
            found.append(handle)
    return found


def parse_handle(name: str, parameters: str = "") -> Handle | None:
    """One handle without its ``@``; None where parentheses follow a handle that takes none (it is not parsed)."""
    for prefix, kind in PREFIXES.items():
        if name.startswith(prefix) and len(name) > len(prefix):
            if parameters and kind != "workflow":
                return None
            return Handle(kind, name.removeprefix(prefix), _parameters(parameters[1:-1]))
    if parameters:
        return None
    if "@" in name:
        return Handle("email", name)
    integration = any(name.startswith(f"{one}-") for one in INTEGRATIONS)
    return Handle("integration" if integration else "team", name)


def _parameters(text: str) -> dict[str, str]:
    found = {}
    for match in PARAMETER.finditer(text):
        quoted = match["quoted"]
        found[match["key"]] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else match["bare"].strip()
    return found
