"""The incident type of the service: its fields, roles, notifications and post-mortem.

Alerts open incidents with a workflow, infra/observability/workflows/incident_workflow.py.
"""

from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity

NOTIFIED_SEVERITIES = ("SEV-1", "SEV-2")
"""The severities of which the team is notified at once."""
FAILURE_MODES = {
    "availability": "no answers",
    "latency": "slow answers",
    "quality": "wrong answers, or refusals without a reason",
    "safety": "prompt injection or data leaks",
    "cost": "too expensive",
    "provider": "Gemini throttling or failures",
}
"""The failure modes of an LLM service, by which the monthly review groups incidents."""
POSTMORTEM = """\
## What happened
{{incident.title}}, {{incident.severity}}. Who noticed first: an alert or a user?

## Impact
Failed or wrong chats, start and end, and the remaining error budget.

## Model and prompt
Model and version, the prompt's version, and what changed in either before the start.

## Cost
Dollars beyond an ordinary day, and whether the cost alert triggered.

## Timeline
First bad answer, alert, page, acknowledgement, actions, last bad answer.

## Cause and detection
The cause, and the drill scenario that would have shown it. If there is none, write it first.

## Actions
Each with an owner and a due date.
"""


@dataclass(frozen=True)
class IncidentArgs:
    """The arguments of :class:`Incidents`."""

    identity: Identity


class Incidents(pulumi.ComponentResource):
    """The incident type, of ``type_id``, and what belongs to it."""

    type_id: pulumi.Output[str]

    def __init__(self, name: str, args: IncidentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Incidents", name, None, opts)
        self._name, self._identity, self._child = name, args.identity, pulumi.ResourceOptions(parent=self)
        kind = dd.IncidentType(
            f"{name}-type",
            name=args.identity.named("LLM incident"),
            description="Incidents of the LLM service, with fields, roles and a post-mortem for its failure modes.",
            # The organisation chooses its default type.
            is_default=False,
            # Rehearsals are marked as tests, so that statistics leave them out.
            configuration=dd.IncidentTypeConfigurationArgs(allow_workflows=True, test_incidents=True),
            opts=self._child,
        )
        self.type_id = kind.id
        self._fields_and_roles()
        self._notifications()
        self._postmortem_template()
        self.register_outputs({"type_id": self.type_id})

    def _fields_and_roles(self) -> None:
        """Declare what people fill in beside Datadog's own fields."""
        # Without it, the monthly review can count incidents but not group them.
        dd.IncidentUserDefinedField(
            f"{self._name}-failure-mode",
            incident_type=self.type_id,
            name="failure_mode",
            type="dropdown",
            valid_values=[
                dd.IncidentUserDefinedFieldValidValueArgs(
                    display_name=mode.capitalize(), value=mode, description=meaning
                )
                for mode, meaning in FAILURE_MODES.items()
            ],
            opts=self._child,
        )
        # One person changes the model or the prompt during an incident: two would hide each other's effect.
        dd.IncidentUserDefinedRole(
            f"{self._name}-model-owner",
            incident_type=self.type_id,
            name="Model owner",
            description="Decides on the model, its prompt and the cache during the incident",
            policy=dd.IncidentUserDefinedRolePolicyArgs(is_single=True),
            opts=self._child,
        )

    def _notifications(self) -> None:
        """Declare who is notified of which incidents, and the texts."""
        opened_template = dd.IncidentNotificationTemplate(
            f"{self._name}-opened",
            incident_type=self.type_id,
            name=self._identity.named("Opened or changed"),
            category="incident",
            subject="{{incident.severity}} {{incident.title}}",
            content=(
                "{{incident.severity}}: {{incident.title}}\n\n"
                "Failure mode: {{incident.fields.failure_mode}}. State: {{incident.state}}.\n"
                "{{incident.url}} has dashboard, logs, traces and runbook in its summary.\n"
            ),
            opts=self._child,
        )
        resolved_template = dd.IncidentNotificationTemplate(
            f"{self._name}-over",
            incident_type=self.type_id,
            name=self._identity.named("Resolved"),
            category="recovery",
            subject="Resolved: {{incident.title}}",
            content="{{incident.title}} is {{incident.state}}. Post-mortem due in two days: {{incident.url}}\n",
            opts=self._child,
        )
        team = [f"@{self._identity.team}"]
        # A smaller incident notifies nobody: the team looks at it in the morning.
        dd.IncidentNotificationRule(
            f"{self._name}-loud",
            incident_type=self.type_id,
            trigger="incident_saved_trigger",
            handles=team,
            conditions=[dd.IncidentNotificationRuleConditionArgs(field="severity", values=list(NOTIFIED_SEVERITIES))],
            # Notify again when severity or status change, not at every edit of the text.
            renotify_ons=["severity", "status"],
            notification_template=opened_template.id,
            visibility="organization",
            enabled=True,
            opts=self._child,
        )
        dd.IncidentNotificationRule(
            f"{self._name}-resolved",
            incident_type=self.type_id,
            trigger="incident_saved_trigger",
            handles=team,
            conditions=[dd.IncidentNotificationRuleConditionArgs(field="state", values=["resolved"])],
            notification_template=resolved_template.id,
            visibility="organization",
            enabled=True,
            opts=self._child,
        )

    def _postmortem_template(self) -> None:
        """Declare the outline of a post-mortem."""
        dd.IncidentPostmortemTemplate(
            f"{self._name}-postmortem",
            incident_type=self.type_id,
            name=self._identity.named("Post-mortem"),
            content=POSTMORTEM,
            location="datadog_notebooks",
            opts=self._child,
        )
