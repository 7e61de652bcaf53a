"""The workflow that opens an incident, with every link in its summary.

It is declared after the dashboards, which it links to. A message may mention it before it exists: Datadog resolves a
handle when it sends the message.
"""

from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity
from infra.links import app, logs, traces
from infra.observability.incidents import FAILURE_MODES
from infra.observability.workflows.workflow_steps import WorkflowInput, WorkflowStep, specification
from infra.observability.workflows.workflows import OPEN_INCIDENT

AT_MOST_EVERY_SECONDS = 1800
"""The rate limit: one failure triggers several alerts within minutes, of which the first opens the incident."""


@dataclass(frozen=True)
class IncidentWorkflowArgs:
    """``dashboard_path`` is the overview's below the web application; ``runbooks`` is the URL of their folder."""

    identity: Identity
    incident_type: pulumi.Input[str]
    dashboard_path: pulumi.Input[str] | None
    site: str
    runbooks: str


class IncidentWorkflow(pulumi.ComponentResource):
    """The workflow and its ``workflow_id``."""

    workflow_id: pulumi.Output[str]

    def __init__(self, name: str, args: IncidentWorkflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:IncidentWorkflow", name, None, opts)
        identity, site = args.identity, args.site
        service = f"service:{identity.service} env:{identity.env}"
        inputs = [
            WorkflowInput("title", identity.named("Incident"), "title of the incident"),
            WorkflowInput("severity", "SEV-2", "SEV-1 to SEV-4"),
            WorkflowInput("failure_mode", "availability", f"one of {', '.join(FAILURE_MODES)}"),
            WorkflowInput("runbook", f"{args.runbooks}/README.md", "URL of the runbook"),
            WorkflowInput("logs", logs(site, f"{service} status:error", "error.kind"), "URL of a log search"),
            WorkflowInput("traces", traces(site, f"{service} status:error"), "URL of a trace search"),
        ]
        summary = pulumi.Output.concat(
            "Runbook: {{ Trigger.runbook }}",
            *(("\nDashboard: ", app(site), args.dashboard_path) if args.dashboard_path is not None else ()),
            "\nLogs: {{ Trigger.logs }}\nTraces: {{ Trigger.traces }}\n",
        )
        incident = {
            "title": "{{ Trigger.title }}",
            # People decide whether customers are impacted: a wrong guess would stay in the statistics.
            "customer_impacted": False,
            "incident_type_uuid": args.incident_type,
            "fields": {
                "severity": {"type": "dropdown", "value": "{{ Trigger.severity }}"},
                "failure_mode": {"type": "dropdown", "value": "{{ Trigger.failure_mode }}"},
                "detection_method": {"type": "dropdown", "value": "monitor"},
                "services": {"type": "autocomplete", "value": [identity.service]},
                "teams": {"type": "autocomplete", "value": [identity.team]},
                "summary": {"type": "textbox", "value": summary},
            },
        }
        spec = specification(
            identity.handle(OPEN_INCIDENT),
            inputs,
            [WorkflowStep("Open_incident", "com.datadoghq.dd.incidents.createIncident", incident)],
            {},
            at_most_every=AT_MOST_EVERY_SECONDS,
        )
        self.workflow_id = dd.WorkflowAutomation(
            name,
            name=identity.named("Open an incident"),
            description="Opens an incident with severity, failure mode, runbook, dashboard, logs and traces.",
            published=True,
            tags=identity.tags,
            spec_json=pulumi.Output.json_dumps(spec, sort_keys=True),
            opts=pulumi.ResourceOptions(parent=self),
        ).id
        self.register_outputs({"workflow_id": self.workflow_id})
