"""How an incident of the service is described, told and learnt from. Alerts open one: infra/incident_workflow.py."""

from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity

LOUD = ("SEV-1", "SEV-2")
"""The severities that the team hears of at once."""
FAILURE_MODES = {
    "availability": "no answer",
    "latency": "answers too late",
    "quality": "answers that are wrong, or refused without a reason",
    "safety": "answers or prompts that must not be: injection, leaks",
    "cost": "too expensive",
    "provider": "Gemini throttles or fails",
}
"""How an LLM service fails: what the month's review groups incidents by."""
POSTMORTEM = """\
## What happened
{{incident.title}}, {{incident.severity}}. Who noticed, and how: the alert, or a user first?

## Impact
Chats refused or wrong, from when to when, and what of the error budget is left.

## The model and its prompt
Model and version that answered, the prompt's version, what changed in either before it began.

## Cost
What it cost beyond an ordinary day, in dollars, and whether the cost alert saw it.

## Timeline
First bad answer, alert, page, acknowledgement, what was done, last bad answer.

## Why, and why it was not caught
The cause; the drill scenario that would have shown it. If there is none, write it first.

## Actions
Each with an owner and a date.
"""


@dataclass(frozen=True)
class IncidentArgs:
    """Whose incidents."""

    identity: Identity


class Incidents(pulumi.ComponentResource):
    """``type_id`` is the type of the service's incidents."""

    type_id: pulumi.Output[str]

    def __init__(self, name: str, args: IncidentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Incidents", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        identity = args.identity
        kind = dd.IncidentType(
            f"{name}-type",
            name=identity.named("LLM incident"),
            description="An LLM service fails in its own ways: fields, roles and post-mortem ask about these.",
            # The default type is the whole organisation's to choose.
            is_default=False,
            # Rehearsals are incidents too: marked as tests, so that they count in no statistics.
            configuration=dd.IncidentTypeConfigurationArgs(allow_workflows=True, test_incidents=True),
            opts=child,
        )
        # Without it, the review of a month can count incidents and cannot say what kind they were.
        dd.IncidentUserDefinedField(
            f"{name}-failure-mode",
            incident_type=kind.id,
            name="failure_mode",
            type="dropdown",
            valid_values=[
                dd.IncidentUserDefinedFieldValidValueArgs(
                    display_name=mode.capitalize(), value=mode, description=meaning
                )
                for mode, meaning in FAILURE_MODES.items()
            ],
            opts=child,
        )
        # Only one person may change the model or the prompt during an incident: two at once hide each other's effect.
        dd.IncidentUserDefinedRole(
            f"{name}-model-owner",
            incident_type=kind.id,
            name="Model owner",
            description="Decides on the model, its prompt and the cache while the incident lasts",
            policy=dd.IncidentUserDefinedRolePolicyArgs(is_single=True),
            opts=child,
        )
        opened = dd.IncidentNotificationTemplate(
            f"{name}-opened",
            incident_type=kind.id,
            name=identity.named("opened or worse"),
            category="incident",
            subject="{{incident.severity}} {{incident.title}}",
            content=(
                "{{incident.severity}}: {{incident.title}}\n\n"
                "Failure mode: {{incident.fields.failure_mode}}. State: {{incident.state}}.\n"
                "{{incident.url}}: dashboard, logs, traces and runbook stand in its summary.\n"
            ),
            opts=child,
        )
        over = dd.IncidentNotificationTemplate(
            f"{name}-over",
            incident_type=kind.id,
            name=identity.named("over"),
            category="recovery",
            subject="Over: {{incident.title}}",
            content="{{incident.title}} is {{incident.state}}. Within two days: the post-mortem, {{incident.url}}.\n",
            opts=child,
        )
        team = [f"@{identity.team}"]
        # A smaller incident is looked at in the morning: it tells nobody by itself.
        dd.IncidentNotificationRule(
            f"{name}-loud",
            incident_type=kind.id,
            trigger="incident_saved_trigger",
            handles=team,
            conditions=[dd.IncidentNotificationRuleConditionArgs(field="severity", values=list(LOUD))],
            # Told again when it gets worse or better, not at every edit of its text.
            renotify_ons=["severity", "status"],
            notification_template=opened.id,
            visibility="organization",
            enabled=True,
            opts=child,
        )
        dd.IncidentNotificationRule(
            f"{name}-resolved",
            incident_type=kind.id,
            trigger="incident_saved_trigger",
            handles=team,
            conditions=[dd.IncidentNotificationRuleConditionArgs(field="state", values=["resolved"])],
            notification_template=over.id,
            visibility="organization",
            enabled=True,
            opts=child,
        )
        dd.IncidentPostmortemTemplate(
            f"{name}-postmortem",
            incident_type=kind.id,
            name=identity.named("post-mortem"),
            content=POSTMORTEM,
            location="datadog_notebooks",
            opts=child,
        )
        self.type_id = kind.id
        self.register_outputs({"type_id": self.type_id})
