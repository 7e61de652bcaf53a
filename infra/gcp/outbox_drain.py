"""The scheduled call each minute that drains the service's outbox when no instance runs (docs/service.md)."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import cloudscheduler, serviceaccount

from infra.identity import Identity

EVERY_MINUTE = "* * * * *"
DEADLINE_SECONDS = 60
"""Cloud Run's own deadline; the service ends a drain before it."""


@dataclass(frozen=True)
class DrainCallerArgs:
    """The arguments of :class:`DrainCaller`."""

    identity: Identity
    project: str


class DrainCaller(pulumi.ComponentResource):
    """The caller's account, of ``email``. It has no role in the project: the service itself authorises it."""

    email: pulumi.Output[str]

    def __init__(self, name: str, args: DrainCallerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:google:DrainCaller", name, None, opts)
        account = serviceaccount.Account(
            f"{name}-account",
            project=args.project,
            account_id=f"{args.identity.service}-{args.identity.env}-drain",
            display_name=args.identity.named("outbox drain caller"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.email = account.email
        self.register_outputs({"email": self.email})


@dataclass(frozen=True)
class OutboxDrainArgs:
    """``url`` is the service's, ``caller`` a :class:`DrainCaller`'s e-mail."""

    identity: Identity
    project: str
    region: str
    url: pulumi.Input[str]
    caller: pulumi.Input[str]


class OutboxDrain(pulumi.ComponentResource):
    """The scheduler job."""

    def __init__(self, name: str, args: OutboxDrainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:google:OutboxDrain", name, None, opts)
        cloudscheduler.Job(
            f"{name}-job",
            project=args.project,
            region=args.region,
            name=f"{args.identity.service}-{args.identity.env}-outbox-drain",
            description=args.identity.named("drains the outbox"),
            schedule=EVERY_MINUTE,
            time_zone="Etc/UTC",
            attempt_deadline=f"{DEADLINE_SECONDS}s",
            http_target=cloudscheduler.JobHttpTargetArgs(
                uri=pulumi.Output.concat(args.url, "/datadog/writes/drain"),
                http_method="POST",
                oidc_token=cloudscheduler.JobHttpTargetOidcTokenArgs(
                    service_account_email=args.caller, audience=args.identity.audience
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
