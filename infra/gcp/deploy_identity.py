"""The deploy workflow's identity at Google: workload identity federation with GitHub, without keys."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import iam, projects, serviceaccount

from infra.identity import Identity

ISSUER = "https://token.actions.githubusercontent.com"
DEPLOY_ROLES = {
    "roles/run.admin": "services, jobs and who may call them",
    "roles/iam.serviceAccountAdmin": "the stack's accounts",
    "roles/iam.serviceAccountKeyAdmin": "the key of the roll-back connection",
    "roles/resourcemanager.projectIamAdmin": "the project-wide grants of these accounts",
    "roles/secretmanager.admin": "secrets and who may read them",
    "roles/storage.admin": "buckets, the state's among them",
    "roles/artifactregistry.admin": "the repository of images",
    "roles/cloudscheduler.admin": "schedules",
    "roles/cloudtasks.admin": "the queue",
    "roles/serviceusage.serviceUsageAdmin": "enabled APIs",
    "roles/iam.workloadIdentityPoolAdmin": "this identity",
    "roles/cloudbuild.builds.editor": "builds, where there is no Docker",
    "roles/cloudkms.cryptoKeyEncrypterDecrypter": "the stack's secrets, whose key may be in this project",
}
"""The roles of ``pulumi up``, by what each is for: none of Google's basic roles."""
PREVIEW_ROLES = {
    "roles/run.viewer": "services and jobs",
    "roles/secretmanager.viewer": "names of secrets, not their values",
    "roles/storage.bucketViewer": "buckets, not their objects",
    "roles/artifactregistry.reader": "images",
    "roles/cloudscheduler.viewer": "schedules",
    "roles/cloudtasks.viewer": "the queue",
    "roles/serviceusage.serviceUsageViewer": "enabled APIs",
    "roles/iam.serviceAccountViewer": "accounts",
    "roles/iam.workloadIdentityPoolViewer": "this identity",
    "roles/iam.securityReviewer": "IAM policies",
    "roles/cloudkms.cryptoKeyDecrypter": "the stack's secrets",
}
"""The roles of previews and drift detection, all read-only, because they also run for pull requests."""


@dataclass(frozen=True)
class DeployIdentityArgs:
    """``repository`` is OWNER/NAME on GitHub; deployments run in its environment of the stack's name.

    ``runs_as`` are the accounts of the deployed workloads, by what they are for.
    """

    identity: Identity
    project: str
    repository: str
    runs_as: Mapping[str, pulumi.Input[str]]


class DeployIdentity(pulumi.ComponentResource):
    """``provider`` is GCP_WORKLOAD_IDENTITY_PROVIDER; ``deployer`` and ``previewer`` are accounts' addresses."""

    provider: pulumi.Output[str]
    deployer: pulumi.Output[str]
    previewer: pulumi.Output[str]

    def __init__(self, name: str, args: DeployIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:google:DeployIdentity", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self._name, self._args = name, args
        pool = iam.WorkloadIdentityPool(
            f"{name}-pool",
            project=args.project,
            workload_identity_pool_id=f"{args.identity.service}-{args.identity.env}",
            display_name=args.identity.named("GitHub"),
            opts=child,
        )
        provider = iam.WorkloadIdentityPoolProvider(
            f"{name}-github",
            project=args.project,
            workload_identity_pool_id=pool.workload_identity_pool_id,
            workload_identity_pool_provider_id="github",
            oidc=iam.WorkloadIdentityPoolProviderOidcArgs(issuer_uri=ISSUER),
            attribute_mapping={
                "google.subject": "assertion.sub",
                "attribute.repository": "assertion.repository",
                # A job without an environment has no such claim, without which the exchange would fail.
                "attribute.environment": "'environment' in assertion ? assertion.environment : ''",
            },
            # Without it, any repository on GitHub could use the pool.
            attribute_condition=f"assertion.repository == '{args.repository}'",
            opts=child,
        )
        members = pulumi.Output.concat("principalSet://iam.googleapis.com/", pool.name, "/attribute.")
        # A GitHub environment has reviewers, so that opening a pull request is not enough to deploy it.
        self.deployer = self._account(
            "deploy", "deploys", DEPLOY_ROLES, pulumi.Output.concat(members, "environment/", args.identity.env)
        )
        # A deployment must act as the accounts of what it deploys: these, and no others.
        for key, email in args.runs_as.items():
            serviceaccount.IAMMember(
                f"{name}-acts-as-{key}",
                service_account_id=pulumi.Output.concat(f"projects/{args.project}/serviceAccounts/", email),
                role="roles/iam.serviceAccountUser",
                member=self.deployer.apply("serviceAccount:{}".format),
                opts=child,
            )
        self.previewer = self._account(
            "look", "previews", PREVIEW_ROLES, pulumi.Output.concat(members, "repository/", args.repository)
        )
        self.provider = provider.name
        self.register_outputs({"provider": self.provider})

    def _account(self, key: str, purpose: str, roles: dict[str, str], member: pulumi.Output[str]) -> pulumi.Output[str]:
        """Return the e-mail address of an account with roles in the project, which a workflow may impersonate."""
        args, child = self._args, pulumi.ResourceOptions(parent=self)
        account = serviceaccount.Account(
            f"{self._name}-{key}",
            project=args.project,
            account_id=f"{args.identity.service}-{args.identity.env}-{key}",
            display_name=args.identity.named(f"{purpose} the stack"),
            opts=child,
        )
        for role in roles:
            projects.IAMMember(
                f"{self._name}-{key}-{role.removeprefix('roles/').replace('.', '-').lower()}",
                project=args.project,
                role=role,
                member=account.email.apply("serviceAccount:{}".format),
                opts=child,
            )
        serviceaccount.IAMMember(
            f"{self._name}-{key}-github",
            service_account_id=account.name,
            role="roles/iam.workloadIdentityUser",
            member=member,
            opts=child,
        )
        return account.email
