"""What happens without a person: each workflow is one thing that somebody on call would do by hand.

A monitor's message starts one by its handle (:func:`mention`); so does the API, with the same inputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd

from infra.identity import Identity
from infra.workflow_steps import Input, Json, Step, request, specification

SWITCH_MODEL = "switch-model"
"""Moves the service to another model. Input: ``model``."""
ENABLE_CACHE = "enable-cache"
"""Has known answers given again: fewer calls of Gemini, at the price of answers that are not fresh. No input."""
ROLL_BACK = "roll-back"
"""Sends all requests to the revision that served before the one that serves now. Inputs: ``title``, ``runbook``."""
OPEN_INCIDENT = "open-incident"
"""Declares an incident with its links. Inputs: ``title``, ``severity``, ``failure_mode``, ``runbook``, ``logs``,
``traces``."""
PAGE = "page-on-call"
"""Pages the team when something other than a monitor's own handle decides so. Inputs: ``title``, ``runbook``."""
ANOMALY_NOTEBOOK = "anomaly-notebook"
"""Makes a notebook of the anomaly template, with what was seen on top. Inputs: ``title``, ``query``, ``runbook``."""

INPUTS: Mapping[str, frozenset[str]] = {
    SWITCH_MODEL: frozenset({"model"}),
    ENABLE_CACHE: frozenset(),
    ROLL_BACK: frozenset({"title", "runbook"}),
    OPEN_INCIDENT: frozenset({"title", "severity", "failure_mode", "runbook", "logs", "traces"}),
    PAGE: frozenset({"title", "runbook"}),
    ANOMALY_NOTEBOOK: frozenset({"title", "query", "runbook"}),
}
"""What each takes; all have defaults."""

SERVICE = "INTEGRATION_HTTP"
"""The label of the connection to the service's control API."""
AT_MOST_EVERY_SECONDS = 300
"""A second change within five minutes would hide the first one's effect."""
ANOMALY_AT_MOST_EVERY_SECONDS = 3600
"""An anomaly that flaps is one anomaly: one notebook."""


def mention(identity: Identity, handle: str, **inputs: str) -> str:
    """What a message names to start a workflow: ``@workflow-open-incident(title="...", severity="SEV-2")``.

    Values may hold template variables. Raises :class:`ValueError` for an input that the workflow does not take.
    """
    unknown = sorted(set(inputs) - INPUTS[handle])
    if unknown:
        known = ", ".join(sorted(INPUTS[handle])) or "nothing"
        raise ValueError(f"workflow {handle!r} does not take {unknown[0]!r}: it takes {known}")
    given = ", ".join(f'{name}="{_quoted(value)}"' for name, value in inputs.items())
    return f"@workflow-{identity.handle(handle)}" + (f"({given})" if given else "")


def page_step(identity: Identity, title: str) -> Step:
    """A step that pages the team on call, with the run's ``runbook``."""
    page = {
        "title": title,
        "description": "Runbook: {{ Trigger.runbook }}\nWorkflow run {{ InstanceId }}",
        "urgency": "high",
        "target": {"type": "team_handle", "identifier": identity.team},
        "tags": identity.tags,
    }
    return Step("Page_on_call", "com.datadoghq.dd.oncall.createOnCallPage", page)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


@dataclass(frozen=True)
class WorkflowArgs:
    """``service_uri`` is the service, ``operator_token`` (a secret) lets steps change its model and cache."""

    identity: Identity
    service_uri: pulumi.Input[str]
    operator_token: pulumi.Input[str]
    fallback: str
    runbooks: str
    pages: bool
    """Whether the organisation has On-Call."""
    anomaly_template: pulumi.Input[str]
    """The notebook that ANOMALY_NOTEBOOK copies."""


class Workflows(pulumi.ComponentResource):
    """``switch_model_id`` and ``enable_cache_id`` are the workflows' ids."""

    switch_model_id: pulumi.Output[str]
    enable_cache_id: pulumi.Output[str]

    def __init__(self, name: str, args: WorkflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Workflows", name, None, opts)
        self._name, self._identity = name, args.identity
        connection = dd.ActionConnection(
            f"{name}-service",
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
        connections = {SERVICE: connection.id}
        switch = specification(
            args.identity.handle(SWITCH_MODEL),
            [Input("model", args.fallback, "the model that answers from now on")],
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
        self.switch_model_id = self._workflow(
            "switch-model",
            "switch the model",
            "Points every instance of the service at another Gemini model, and answers when all have it.",
            switch,
        )
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
        self.enable_cache_id = self._workflow(
            "enable-cache",
            "enable the cache",
            "Gives known answers again instead of asking Gemini: for runaway cost, or a quota that is used up.",
            cache,
        )
        look = specification(
            args.identity.handle(ANOMALY_NOTEBOOK),
            [
                Input("title", args.identity.named("something is unusual"), "name of the notebook"),
                Input("query", "none given", "the monitor's query"),
                Input("runbook", f"{args.runbooks}/README.md", "URL of the page that says what to do"),
            ],
            [
                Step(
                    "Make_notebook",
                    "com.datadoghq.dd.notebooks.createFromTemplate",
                    {
                        "templateId": args.anomaly_template,
                        "name": "{{ Trigger.title }}",
                        "cell": "What was seen: `{{ Trigger.query }}`\n\nRunbook: {{ Trigger.runbook }}\n"
                        # A notebook has no tags: by this text it is known as nobody's declaration.
                        "Made by workflow run {{ InstanceId }}, managed_by:workflow",
                    },
                )
            ],
            {},
            at_most_every=ANOMALY_AT_MOST_EVERY_SECONDS,
        )
        self._workflow(
            "anomaly-notebook",
            "start a notebook on an anomaly",
            "Copies the anomaly template, so that whoever looks first starts from the right graphs.",
            look,
        )
        if args.pages:
            paging = specification(
                args.identity.handle(PAGE),
                [
                    Input("title", args.identity.named("somebody is needed"), "what the pager shows"),
                    Input("runbook", f"{args.runbooks}/README.md", "URL of the page that says what to do"),
                ],
                [page_step(args.identity, "{{ Trigger.title }}")],
                {},
                at_most_every=AT_MOST_EVERY_SECONDS,
            )
            self._workflow(
                "page",
                "page",
                "Pages who is on call: for dashboards, people and other workflows; a monitor has a handle for that.",
                paging,
            )
        self.register_outputs({"switch_model_id": self.switch_model_id, "enable_cache_id": self.enable_cache_id})

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
