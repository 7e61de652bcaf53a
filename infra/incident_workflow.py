"""The workflow that opens an incident: an alert names it, and whoever joins finds every link in the summary.

It stands behind the dashboards, which it links to. A message may name it before it is there: Datadog looks a handle up
when it sends.
"""

from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity
from infra.incidents import FAILURE_MODES
from infra.links import app, logs, traces
from infra.workflow_steps import Input, Step, specification
from infra.workflows import OPEN_INCIDENT

AT_MOST_EVERY_SECONDS = 1800
"""One failure fires several alerts within minutes: the first opens the incident, the others are its evidence."""


@dataclass(frozen=True)
class IncidentWorkflowArgs:
    """``dashboard_path`` is below the web application; ``runbooks`` is the URL of the folder with the runbooks."""

    identity: Identity
    incident_type: pulumi.Input[str]
    dashboard_path: pulumi.Input[str]
    site: str
    runbooks: str


class IncidentWorkflow(pulumi.ComponentResource):
    """``id`` is the workflow's."""

    workflow_id: pulumi.Output[str]

    def __init__(self, name: str, args: IncidentWorkflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:IncidentWorkflow", name, None, opts)
        identity, site = args.identity, args.site
        service = f"service:{identity.service} env:{identity.env}"
        inputs = [
            Input("title", identity.named("something is wrong"), "what people read first"),
            Input("severity", "SEV-2", "SEV-1 to SEV-4"),
            Input("failure_mode", "availability", f"one of {', '.join(FAILURE_MODES)}"),
            Input("runbook", f"{args.runbooks}/README.md", "URL of the page that says what to do"),
            Input("logs", logs(site, f"{service} status:error", "error.kind"), "URL of a log search"),
            Input("traces", traces(site, f"{service} status:error"), "URL of a trace search"),
        ]
        summary = pulumi.Output.concat(
            "Runbook: {{ Trigger.runbook }}\n",
            "Dashboard: ",
            app(site),
            args.dashboard_path,
            "\nLogs: {{ Trigger.logs }}\nTraces: {{ Trigger.traces }}\n",
        )
        incident = {
            "title": "{{ Trigger.title }}",
            # Who is hit is for people to say: an impact that a machine claims is in the statistics for ever.
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
            [Step("Open_incident", "com.datadoghq.dd.incidents.createIncident", incident)],
            {},
            at_most_every=AT_MOST_EVERY_SECONDS,
        )
        self.workflow_id = dd.WorkflowAutomation(
            name,
            name=identity.named("open an incident"),
            description="Declares an incident with severity, failure mode, runbook, dashboard, logs and traces.",
            published=True,
            tags=identity.tags,
            spec_json=pulumi.Output.json_dumps(spec, sort_keys=True),
            opts=pulumi.ResourceOptions(parent=self),
        ).id
        self.register_outputs({"workflow_id": self.workflow_id})
