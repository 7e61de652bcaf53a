"""The Google APIs that the stack uses, and the service's own account, with the least privilege."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import projects, serviceaccount

from infra.identity import Identity

APIS = (
    "aiplatform.googleapis.com",
    "artifactregistry.googleapis.com",
    "cloudasset.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "cloudscheduler.googleapis.com",
    "cloudtasks.googleapis.com",
    "compute.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "monitoring.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
    "sts.googleapis.com",
)


@dataclass(frozen=True)
class AccessArgs:
    """The arguments of :class:`Access`."""

    identity: Identity
    project: str


class Access(pulumi.ComponentResource):
    """APIs and account. Wait for ``apis``; the service runs as ``account_email``, whose IAM name is ``member``."""

    apis: list[projects.Service]
    account_email: pulumi.Output[str]
    member: pulumi.Output[str]

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:google:Access", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # Destroying a stack must not disable an API for everything else in the project.
        self.apis = [
            projects.Service(
                f"{name}-{api.partition('.')[0]}",
                project=args.project,
                service=api,
                disable_on_destroy=False,
                opts=child,
            )
            for api in APIS
        ]
        account = serviceaccount.Account(
            f"{name}-account",
            project=args.project,
            account_id=f"{args.identity.service}-{args.identity.env}",
            display_name=args.identity.named("runs the service"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=self.apis),
        )
        self.account_email = account.email
        self.member = account.email.apply("serviceAccount:{}".format)
        # The only project-wide role: calling Gemini. Secrets and the state bucket are granted one by one.
        projects.IAMMember(
            f"{name}-calls-gemini",
            project=args.project,
            role="roles/aiplatform.user",
            member=self.member,
            opts=child,
        )
        self.register_outputs({"account_email": self.account_email})
