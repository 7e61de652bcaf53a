"""The workflow that goes back a revision: through Google's API, not the service's own, which may be what is broken.

Going back changes where requests go and nothing else. ``firedrill up`` (or ``pulumi up --refresh``) leaves them there,
since the program declares the traffic of the first deployment only; ``firedrill deploy`` moves them forward in steps.
"""

import base64
import inspect
import json
from dataclasses import dataclass

import pulumi
import pulumi_datadog as dd
from pulumi_gcp import cloudrunv2, serviceaccount

from infra import rollback_choice
from infra.identity import Identity
from infra.workflow_steps import Input, python, request, specification
from infra.workflows import ROLL_BACK, page_step

GOOGLE = "INTEGRATION_GCP"
AT_MOST_EVERY_SECONDS = 3600
"""Going back twice within the hour would go to a revision that nobody has watched for a while: that is for people."""
ALL_REQUESTS = 100
"""Percent."""
LOOKED_AT = 50
"""Revisions, from the newest."""


@dataclass(frozen=True)
class RollbackArgs:
    """``service_name`` runs as the account ``runs_as``. ``pages``: whether On-Call is there to be told of a failure."""

    identity: Identity
    project: str
    region: str
    service_name: pulumi.Input[str]
    runs_as: pulumi.Input[str]
    runbooks: str
    pages: bool


class Rollback(pulumi.ComponentResource):
    """``workflow_id`` is the workflow's id."""

    workflow_id: pulumi.Output[str]

    def __init__(self, name: str, args: RollbackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:datadog:Rollback", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        connection = self._connection(name, args)
        inputs = [
            Input("title", args.identity.named("a revision is bad"), "why, in a few words"),
            Input("runbook", f"{args.runbooks}/README.md", "URL of the page that says what to do"),
        ]
        told = "Page_on_call" if args.pages else None
        service = pulumi.Output.concat(
            f"https://run.googleapis.com/v2/projects/{args.project}/locations/{args.region}/services/",
            args.service_name,
        )
        steps = [
            request("Show_service", GOOGLE, "GET", service, fallback=told),
            request(
                "List_revisions",
                GOOGLE,
                "GET",
                pulumi.Output.concat(service, f"/revisions?pageSize={LOOKED_AT}"),
                fallback=told,
            ),
            python("Choose_revision", inspect.getsource(rollback_choice), fallback=told),
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
                            "percent": ALL_REQUESTS,
                        }
                    ]
                },
                fallback=told,
            ),
            *([page_step(args.identity, "could not go back a revision: {{ Trigger.title }}")] if told else []),
        ]
        spec = specification(
            args.identity.handle(ROLL_BACK), inputs, steps, {GOOGLE: connection}, at_most_every=AT_MOST_EVERY_SECONDS
        )
        self.workflow_id = dd.WorkflowAutomation(
            f"{name}-workflow",
            name=args.identity.named("roll back a revision"),
            description="Sends all requests to the revision that served before; pages when that cannot be done.",
            published=True,
            tags=args.identity.tags,
            spec_json=pulumi.Output.json_dumps(spec, sort_keys=True),
            opts=child,
        ).id
        self.register_outputs({"workflow_id": self.workflow_id})

    def _connection(self, name: str, args: RollbackArgs) -> pulumi.Output[str]:
        """Datadog's way to Google: an account that may shift this one service's traffic.

        Datadog's connections take an account's key and nothing that expires, so one exists; it lies in the connection
        and, encrypted, in the state.
        """
        child = pulumi.ResourceOptions(parent=self)
        account = serviceaccount.Account(
            f"{name}-account",
            project=args.project,
            account_id=f"{args.identity.service}-{args.identity.env}-back",
            display_name=args.identity.named("goes back a revision"),
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
        # An update of a service needs the right to act as what the service runs as, even one of its traffic alone.
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
    """The key in a key file as Google gives it: JSON in base64."""
    return str(json.loads(base64.b64decode(file))["private_key"])
