"""The workflow that rolls back to the previous revision, through Google's API: the service's own may be broken.

A roll-back changes the traffic split and nothing else. ``firedrill up`` (or ``pulumi up --refresh``) keeps the split,
because the program declares that of the first deployment only; ``firedrill deploy`` shifts it to a new revision.
"""

import base64
import inspect
import json
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd
from pulumi_gcp import cloudrunv2, serviceaccount

from infra.identity import Identity
from infra.observability.workflows import rollback_choice
from infra.observability.workflows.workflow_steps import WorkflowInput, python, request, specification
from infra.observability.workflows.workflows import ROLL_BACK, page_step

GOOGLE = "INTEGRATION_GCP"
AT_MOST_EVERY_SECONDS = 3600
"""The rate limit: a second roll-back within the hour would reach an old revision, which people should decide."""
ALL_TRAFFIC = 100
"""Percent."""
MOST_REVISIONS = 50
"""Revisions that the workflow lists, from the newest."""


@dataclass(frozen=True)
class RollbackArgs:
    """``service_name`` runs as the account ``runs_as``. ``pages``: whether a failure of the workflow pages."""

    identity: Identity
    project: str
    region: str
    service_name: pulumi.Input[str]
    runs_as: pulumi.Input[str]
    runbooks: str
    pages: bool


class Rollback(pulumi.ComponentResource):
    """The workflow, of ``workflow_id``, and its access to Google."""

    workflow_id: pulumi.Output[str]

    def __init__(self, name: str, args: RollbackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Rollback", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        connection = self._connection(name, args)
        inputs = [
            WorkflowInput("title", args.identity.named("bad revision"), "reason, in a few words"),
            WorkflowInput("runbook", f"{args.runbooks}/README.md", "URL of the runbook"),
        ]
        fallback = "Page_on_call" if args.pages else None
        service = pulumi.Output.concat(
            f"https://run.googleapis.com/v2/projects/{args.project}/locations/{args.region}/services/",
            args.service_name,
        )
        steps = [
            request("Show_service", GOOGLE, "GET", service, fallback=fallback),
            request(
                "List_revisions",
                GOOGLE,
                "GET",
                pulumi.Output.concat(service, f"/revisions?pageSize={MOST_REVISIONS}"),
                fallback=fallback,
            ),
            # The module is the step's text: every edit of it, of a name too, updates the deployed workflow.
            python("Choose_revision", inspect.getsource(rollback_choice), fallback=fallback),
            request(
                "Shift_traffic",
                GOOGLE,
                "PATCH",
                pulumi.Output.concat(service, "?updateMask=traffic"),
                {
                    "traffic": [
                        {
                            "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION",
                            "revision": "{{ Steps.Choose_revision.data }}",
                            "percent": ALL_TRAFFIC,
                        }
                    ]
                },
                fallback=fallback,
            ),
            *([page_step(args.identity, "roll-back failed: {{ Trigger.title }}")] if fallback else []),
        ]
        spec = specification(
            args.identity.handle(ROLL_BACK), inputs, steps, {GOOGLE: connection}, at_most_every=AT_MOST_EVERY_SECONDS
        )
        self.workflow_id = dd.WorkflowAutomation(
            f"{name}-workflow",
            name=args.identity.named("Roll back a revision"),
            description="Sends all requests to the previous revision, and pages if that fails.",
            published=True,
            tags=args.identity.tags,
            spec_json=pulumi.Output.json_dumps(spec, sort_keys=True),
            opts=child,
        ).id
        self.register_outputs({"workflow_id": self.workflow_id})

    def _connection(self, name: str, args: RollbackArgs) -> pulumi.Output[str]:
        """Return the id of Datadog's connection to Google: an account that may shift this one service's traffic.

        Datadog's connections need an account's key, which does not expire. It is held by the connection and, encrypted,
        by the state.
        """
        child = pulumi.ResourceOptions(parent=self)
        account = serviceaccount.Account(
            f"{name}-account",
            project=args.project,
            account_id=f"{args.identity.service}-{args.identity.env}-back",
            display_name=args.identity.named("roll-back workflow"),
            opts=child,
        )
        member = account.email.apply("serviceAccount:{}".format)
        changes = cloudrunv2.ServiceIamMember(
            f"{name}-changes-traffic",
            project=args.project,
            location=args.region,
            name=args.service_name,
            role="roles/run.developer",
            member=member,
            opts=child,
        )
        # Any update of a service, also one of its traffic alone, needs the right to act as the service's account.
        acts = serviceaccount.IAMMember(
            f"{name}-acts-as-service",
            service_account_id=pulumi.Output.concat(f"projects/{args.project}/serviceAccounts/", args.runs_as),
            role="roles/iam.serviceAccountUser",
            member=member,
            opts=child,
        )
        key = serviceaccount.Key(
            f"{name}-key",
            service_account_id=account.name,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[changes, acts]),
        )
        return dd.ActionConnection(
            f"{name}-google",
            name=args.identity.named("Cloud Run"),
            gcp=dd.ActionConnectionGcpArgs(
                service_account=dd.ActionConnectionGcpServiceAccountArgs(
                    service_account_email=account.email,
                    private_key=pulumi.Output.secret(key.private_key.apply(_private_key)),
                )
            ),
            opts=child,
        ).id


def _private_key(file: str) -> str:
    """Return the private key in one of Google's key files, which is JSON in base64."""
    return str(json.loads(base64.b64decode(file))["private_key"])
