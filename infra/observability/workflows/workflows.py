"""The workflows: each does one thing that a person on call would do by hand.

A monitor's message starts one by its handle (:func:`mention`), and so does the API, with the same inputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity
from infra.observability.workflows.workflow_steps import Json, WorkflowInput, WorkflowStep, request, specification

SWITCH_MODEL = "switch-model"
"""Switches the service to another model. Input: ``model``."""
ENABLE_CACHE = "enable-cache"
"""Enables the cache: fewer calls to Gemini, and answers that may be old. No input."""
ROLL_BACK = "roll-back"
"""Sends all requests to the previous revision. Inputs: ``title``, ``runbook``."""
OPEN_INCIDENT = "open-incident"
"""Opens an incident with its links. Inputs: ``title``, ``severity``, ``failure_mode``, ``runbook``, ``logs``,
``traces``."""
PAGE = "page-on-call"
"""Pages the team on call, for callers other than monitors. Inputs: ``title``, ``runbook``."""
ANOMALY_NOTEBOOK = "anomaly-notebook"
"""Creates a notebook from the anomaly template. Inputs: ``title``, ``query``, ``runbook``."""

INPUTS: Mapping[str, frozenset[str]] = {
    SWITCH_MODEL: frozenset({"model"}),
    ENABLE_CACHE: frozenset(),
    ROLL_BACK: frozenset({"title", "runbook"}),
    OPEN_INCIDENT: frozenset({"title", "severity", "failure_mode", "runbook", "logs", "traces"}),
    PAGE: frozenset({"title", "runbook"}),
    ANOMALY_NOTEBOOK: frozenset({"title", "query", "runbook"}),
}
"""The inputs of each workflow; all have defaults."""

SERVICE = "INTEGRATION_HTTP"
"""The label of the connection to the service's control API."""
AT_MOST_EVERY_SECONDS = 300
"""The rate limit: a second change within five minutes would hide the effect of the first."""
ANOMALY_AT_MOST_EVERY_SECONDS = 3600
"""The rate limit of notebooks: an anomaly that flaps gets one."""


def mention(identity: Identity, handle: str, **inputs: str) -> str:
    """Return the mention that starts a workflow: ``@workflow-open-incident(title="...", severity="SEV-2")``.

    Values may hold template variables. Raises :class:`ValueError` for an input that the workflow does not take.
    """
    unknown = sorted(set(inputs) - INPUTS[handle])
    if unknown:
        allowed = ", ".join(sorted(INPUTS[handle])) or "none"
        raise ValueError(f"workflow {handle!r} has no input {unknown[0]!r}: its inputs are {allowed}")
    arguments = ", ".join(f'{name}="{_quoted(value)}"' for name, value in inputs.items())
    return f"@workflow-{identity.handle(handle)}" + (f"({arguments})" if arguments else "")


def page_step(identity: Identity, title: str) -> WorkflowStep:
    """Return a step that pages the team on call, with the run's ``runbook``."""
    page = {
        "title": title,
        "description": "Runbook: {{ Trigger.runbook }}\nWorkflow run {{ InstanceId }}",
        "urgency": "high",
        "target": {"type": "team_handle", "identifier": identity.team},
        "tags": identity.tags,
    }
    return WorkflowStep("Page_on_call", "com.datadoghq.dd.oncall.createOnCallPage", page)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


@dataclass(frozen=True)
class WorkflowArgs:
    """``service_uri`` is the service; ``operator_token`` (a secret) may change its model and cache."""

    identity: Identity
    service_uri: pulumi.Input[str]
    operator_token: pulumi.Input[str]
    fallback: str
    runbooks: str
    pages: bool
    """True in an organisation with On-Call."""
    anomaly_template: pulumi.Input[str] | None
    """The id of the notebook that ANOMALY_NOTEBOOK copies; None without notebooks."""


class Workflows(pulumi.ComponentResource):
    """The workflows. ``switch_model_id`` and ``enable_cache_id`` are ids that dashboards and exports need."""

    switch_model_id: pulumi.Output[str]
    enable_cache_id: pulumi.Output[str]

    def __init__(self, name: str, args: WorkflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Workflows", name, None, opts)
        self._name, self._identity = name, args.identity
        connections = {SERVICE: self._connection(args).id}
        self.switch_model_id = self._switch_model(args, connections)
        self.enable_cache_id = self._enable_cache(args, connections)
        if args.anomaly_template is not None:
            self._anomaly_notebook(args, args.anomaly_template)
        if args.pages:
            self._page(args)
        self.register_outputs({"switch_model_id": self.switch_model_id, "enable_cache_id": self.enable_cache_id})

    def _connection(self, args: WorkflowArgs) -> dd.ActionConnection:
        """Declare the connection to the service, with the token that may control it."""
        return dd.ActionConnection(
            f"{self._name}-service",
            name=args.identity.named("control API"),
            http=dd.ActionConnectionHttpArgs(
                base_url=args.service_uri,
                token_auth=dd.ActionConnectionHttpTokenAuthArgs(
                    tokens=[
                        dd.ActionConnectionHttpTokenAuthTokenArgs(
                            type="SECRET", name="OperatorToken", value=args.operator_token
                        )
                    ],
                    headers=[
                        dd.ActionConnectionHttpTokenAuthHeaderArgs(
                            name="Authorization", value="Bearer {{ OperatorToken }}"
                        ),
                        dd.ActionConnectionHttpTokenAuthHeaderArgs(name="Content-Type", value="application/json"),
                    ],
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _switch_model(self, args: WorkflowArgs, connections: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
        """Declare the workflow that switches the model, and return its id."""
        switch = specification(
            args.identity.handle(SWITCH_MODEL),
            [WorkflowInput("model", args.fallback, "the model to switch to")],
            [
                request(
                    "Switch_model",
                    SERVICE,
                    "POST",
                    pulumi.Output.concat(args.service_uri, "/v1/control/model"),
                    {"model": "{{ Trigger.model }}", "reason": "Datadog workflow switch-model {{ InstanceId }}"},
                )
            ],
            connections,
            at_most_every=AT_MOST_EVERY_SECONDS,
        )
        return self._workflow(
            "switch-model",
            "Switch the model",
            "Switches every instance of the service to another Gemini model, and ends when all have it.",
            switch,
        )

    def _enable_cache(self, args: WorkflowArgs, connections: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
        """Declare the workflow that enables the cache, and return its id."""
        cache = specification(
            args.identity.handle(ENABLE_CACHE),
            [],
            [
                request(
                    "Enable_cache",
                    SERVICE,
                    "POST",
                    pulumi.Output.concat(args.service_uri, "/v1/control/cache"),
                    {"enabled": True},
                )
            ],
            connections,
            at_most_every=AT_MOST_EVERY_SECONDS,
        )
        return self._workflow(
            "enable-cache",
            "Enable the cache",
            "Answers repeated questions from the cache: for runaway cost, or a quota that is used up.",
            cache,
        )

    def _anomaly_notebook(self, args: WorkflowArgs, template: pulumi.Input[str]) -> None:
        """Declare the workflow that copies the anomaly template."""
        notebook = specification(
            args.identity.handle(ANOMALY_NOTEBOOK),
            [
                WorkflowInput("title", args.identity.named("something is unusual"), "name of the notebook"),
                WorkflowInput("query", "none given", "the monitor's query"),
                WorkflowInput("runbook", f"{args.runbooks}/README.md", "URL of the runbook"),
            ],
            [
                WorkflowStep(
                    "Make_notebook",
                    "com.datadoghq.dd.notebooks.createFromTemplate",
                    {
                        "templateId": template,
                        "name": "{{ Trigger.title }}",
                        "cell": "What was seen: `{{ Trigger.query }}`\n\nRunbook: {{ Trigger.runbook }}\n"
                        # A notebook has no tags: drift detection knows by this text that no program declares it.
                        "Made by workflow run {{ InstanceId }}, managed_by:workflow",
                    },
                )
            ],
            {},
            at_most_every=ANOMALY_AT_MOST_EVERY_SECONDS,
        )
        self._workflow(
            "anomaly-notebook",
            "Create an anomaly notebook",
            "Copies the anomaly template, which has the graphs to start from.",
            notebook,
        )

    def _page(self, args: WorkflowArgs) -> None:
        """Declare the workflow that pages the team on call."""
        paging = specification(
            args.identity.handle(PAGE),
            [
                WorkflowInput("title", args.identity.named("Page by hand"), "title of the page"),
                WorkflowInput("runbook", f"{args.runbooks}/README.md", "URL of the runbook"),
            ],
            [page_step(args.identity, "{{ Trigger.title }}")],
            {},
            at_most_every=AT_MOST_EVERY_SECONDS,
        )
        self._workflow(
            "page",
            "Page the team on call",
            "Pages the team on call: for dashboards, people and other workflows. Monitors use a handle instead.",
            paging,
        )

    def _workflow(self, key: str, title: str, description: str, spec: Json) -> pulumi.Output[str]:
        return dd.WorkflowAutomation(
            f"{self._name}-{key}",
            name=self._identity.named(title),
            description=description,
            published=True,
            tags=self._identity.tags,
            spec_json=pulumi.Output.json_dumps(spec, sort_keys=True),
            opts=pulumi.ResourceOptions(parent=self),
        ).id
