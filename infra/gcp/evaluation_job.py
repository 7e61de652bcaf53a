"""The job on Cloud Run that evaluates sampled answers, each night and on demand.

It is not part of the service, because the judge's client takes seconds to load and 200 MB.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_gcp import cloudrunv2, cloudscheduler, cloudtasks, projects, secretmanager, serviceaccount, storage

from infra.gcp.secret_store import SecretReference
from infra.identity import Identity

NIGHTLY = "17 3 * * *"
"""A time with few chats, which share the judge's quota; not on the hour, when most jobs start."""
LONGEST_SECONDS = 1800
"""A night's samples take minutes, so a run of this length hangs."""
TRIES = 3
"""Attempts of a refused request: the judge's quota is per minute."""
COMMAND = ("python", "-m", "service.evaluation_job")


@dataclass(frozen=True)
class EvaluationJobArgs:
    """``environment`` is the service's, ``api_key`` Datadog's; ``samples`` is the bucket of sampled answers."""

    identity: Identity
    project: str
    region: str
    time_zone: str
    image: pulumi.Input[str]
    environment: Mapping[str, pulumi.Input[str]]
    api_key: SecretReference
    samples: pulumi.Input[str]


def _full_name(identity: Identity) -> str:
    return f"{identity.service}-{identity.env}-evaluation"


class EvaluationJob(pulumi.ComponentResource):
    """The job. ``queue`` takes requests for a run; ``runs_as`` and ``called_by`` are its and its caller's account."""

    job_name: pulumi.Output[str]
    queue: pulumi.Output[str]
    runs_as: pulumi.Output[str]
    called_by: pulumi.Output[str]

    def __init__(self, name: str, args: EvaluationJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:google:EvaluationJob", name, None, opts)
        self._name = name
        account, grants = self._account(name, args)
        job = self._job(args, account.email, grants)
        caller = self._nightly_runs(args, job)
        queue = self._queue(args)
        self.job_name, self.queue, self.runs_as, self.called_by = job.name, queue.name, account.email, caller.email
        self.register_outputs({"job_name": self.job_name, "queue": self.queue})

    def _job(
        self, args: EvaluationJobArgs, account: pulumi.Input[str], grants: Sequence[pulumi.Resource]
    ) -> cloudrunv2.Job:
        """Declare the job, which needs its grants before it can start."""
        plain = [
            cloudrunv2.JobTemplateTemplateContainerEnvArgs(name=key, value=value)
            for key, value in args.environment.items()
        ]
        secret = cloudrunv2.JobTemplateTemplateContainerEnvArgs(
            name="DD_API_KEY",
            value_source=cloudrunv2.JobTemplateTemplateContainerEnvValueSourceArgs(
                secret_key_ref=cloudrunv2.JobTemplateTemplateContainerEnvValueSourceSecretKeyRefArgs(
                    secret=args.api_key.secret, version=args.api_key.version
                )
            ),
        )
        return cloudrunv2.Job(
            f"{self._name}-job",
            project=args.project,
            location=args.region,
            name=_full_name(args.identity),
            labels=args.identity.labels,
            # The job holds no state.
            deletion_protection=False,
            template=cloudrunv2.JobTemplateArgs(
                labels=args.identity.labels,
                template=cloudrunv2.JobTemplateTemplateArgs(
                    service_account=account,
                    timeout=f"{LONGEST_SECONDS}s",
                    # Failed samples wait for the next run: the judge would most likely fail again at once.
                    max_retries=0,
                    containers=[
                        cloudrunv2.JobTemplateTemplateContainerArgs(
                            image=args.image,
                            # Replaces the image's command, not its entry point, Datadog's agent.
                            args=list(COMMAND),
                            envs=[*plain, secret],
                            resources=cloudrunv2.JobTemplateTemplateContainerResourcesArgs(
                                limits={"cpu": "1", "memory": "1Gi"}
                            ),
                        )
                    ],
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(grants)),
        )

    def _nightly_runs(self, args: EvaluationJobArgs, job: cloudrunv2.Job) -> serviceaccount.Account:
        """Declare the schedule, and return the account that starts the job."""
        child = pulumi.ResourceOptions(parent=self)
        caller = serviceaccount.Account(
            f"{self._name}-caller",
            project=args.project,
            account_id=f"{args.identity.service}-{args.identity.env}-judges",
            display_name=args.identity.named("starts the evaluation"),
            opts=child,
        )
        runs = cloudrunv2.JobIamMember(
            f"{self._name}-caller-runs",
            project=args.project,
            location=args.region,
            name=job.name,
            role="roles/run.invoker",
            member=caller.email.apply("serviceAccount:{}".format),
            opts=child,
        )
        run_url = pulumi.Output.concat(
            f"https://run.googleapis.com/v2/projects/{args.project}/locations/{args.region}/jobs/", job.name, ":run"
        )
        cloudscheduler.Job(
            f"{self._name}-nightly",
            project=args.project,
            region=args.region,
            name=_full_name(args.identity),
            description=args.identity.named("evaluates the day's sampled answers"),
            schedule=NIGHTLY,
            time_zone=args.time_zone,
            http_target=cloudscheduler.JobHttpTargetArgs(
                uri=run_url,
                http_method="POST",
                oauth_token=cloudscheduler.JobHttpTargetOauthTokenArgs(service_account_email=caller.email),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[runs]),
        )
        return caller

    def _queue(self, args: EvaluationJobArgs) -> cloudtasks.Queue:
        """Declare the queue of runs on demand."""
        # Runs on demand, after a change of the model or the prompt (docs/deploy.md has the command). Two runs at once
        # would evaluate every sample twice, which the queue prevents.
        return cloudtasks.Queue(
            f"{self._name}-asked-for",
            project=args.project,
            location=args.region,
            name=f"{_full_name(args.identity)}-runs",
            rate_limits=cloudtasks.QueueRateLimitsArgs(max_concurrent_dispatches=1, max_dispatches_per_second=0.1),
            retry_config=cloudtasks.QueueRetryConfigArgs(max_attempts=TRIES, min_backoff="60s"),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _account(self, name: str, args: EvaluationJobArgs) -> tuple[serviceaccount.Account, list[pulumi.Resource]]:
        """Return the job's account, and the grants that it needs before it can start."""
        child = pulumi.ResourceOptions(parent=self)
        account = serviceaccount.Account(
            f"{name}-account",
            project=args.project,
            account_id=f"{args.identity.service}-{args.identity.env}-eval",
            display_name=args.identity.named("evaluates sampled answers"),
            opts=child,
        )
        member = account.email.apply("serviceAccount:{}".format)
        calls_judge = projects.IAMMember(
            f"{name}-asks-judge", project=args.project, role="roles/aiplatform.user", member=member, opts=child
        )
        # Reads samples, and deletes evaluated ones.
        samples = storage.BucketIAMMember(
            f"{name}-samples", bucket=args.samples, role="roles/storage.objectUser", member=member, opts=child
        )
        reads_key = secretmanager.SecretIamMember(
            f"{name}-tells-datadog",
            project=args.project,
            secret_id=args.api_key.secret,
            role="roles/secretmanager.secretAccessor",
            member=member,
            opts=child,
        )
        return account, [calls_judge, samples, reads_key]
