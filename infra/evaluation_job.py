"""The job that grades sampled answers: on Cloud Run Jobs, each night, and in between whenever somebody asks for it.

A job and not the service: the judge's client takes seconds to load and 200 MB, and no caller waits for a grade.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import cloudrunv2, cloudscheduler, cloudtasks, projects, secretmanager, serviceaccount, storage

from infra.identity import Identity
from infra.secret_store import SecretReference

NIGHTLY = "17 3 * * *"
"""When few chat, so that the judge's quota is not theirs; not on the hour, when everybody's jobs start."""
LONGEST_SECONDS = 1800
"""A night's samples take minutes: a run that takes this long hangs."""
TRIES = 3
"""Of a request that was refused: the quota of the judge is per minute."""
COMMAND = ("python", "-m", "service.evaluation_job")


@dataclass(frozen=True)
class EvaluationJobArgs:
    """``environment`` and ``secrets`` are the service's own, of which the job gets the plain ones and the API key;
    ``samples`` is the bucket that holds the sampled answers."""

    identity: Identity
    project: str
    region: str
    time_zone: str
    image: pulumi.Input[str]
    environment: Mapping[str, pulumi.Input[str]]
    api_key: SecretReference
    samples: pulumi.Input[str]


class EvaluationJob(pulumi.ComponentResource):
    """``job_name`` is the job's, ``queue`` is where a run is asked for; ``runs_as`` and ``called_by`` are accounts."""

    job_name: pulumi.Output[str]
    queue: pulumi.Output[str]
    runs_as: pulumi.Output[str]
    called_by: pulumi.Output[str]

    def __init__(self, name: str, args: EvaluationJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:google:EvaluationJob", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account, may = self._account(name, args)
        full_name = f"{args.identity.service}-{args.identity.env}-evaluation"
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
        job = cloudrunv2.Job(
            f"{name}-job",
            project=args.project,
            location=args.region,
            name=full_name,
            labels=args.identity.labels,
            # It keeps nothing: made again, it goes on.
            deletion_protection=False,
            template=cloudrunv2.JobTemplateArgs(
                labels=args.identity.labels,
                template=cloudrunv2.JobTemplateTemplateArgs(
                    service_account=account.email,
                    timeout=f"{LONGEST_SECONDS}s",
                    # What failed waits for the next run: an immediate second try would meet the same judge.
                    max_retries=0,
                    containers=[
                        cloudrunv2.JobTemplateTemplateContainerArgs(
                            image=args.image,
                            # Instead of the image's command; its entry point, Datadog's agent, stays.
                            args=list(COMMAND),
                            envs=[*plain, secret],
                            resources=cloudrunv2.JobTemplateTemplateContainerResourcesArgs(
                                limits={"cpu": "1", "memory": "1Gi"}
                            ),
                        )
                    ],
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=may),
        )
        self.job_name = job.name
        caller = serviceaccount.Account(
            f"{name}-caller",
            project=args.project,
            account_id=f"{args.identity.service}-{args.identity.env}-judges",
            display_name=args.identity.named("starts the evaluation"),
            opts=child,
        )
        runs = cloudrunv2.JobIamMember(
            f"{name}-caller-runs",
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
            f"{name}-nightly",
            project=args.project,
            region=args.region,
            name=full_name,
            description=args.identity.named("grades the day's sampled answers"),
            schedule=NIGHTLY,
            time_zone=args.time_zone,
            http_target=cloudscheduler.JobHttpTargetArgs(
                uri=run_url,
                http_method="POST",
                oauth_token=cloudscheduler.JobHttpTargetOauthTokenArgs(service_account_email=caller.email),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[runs]),
        )
        # After a change of the model or the prompt nobody waits for the night. Through a queue, so that two requests
        # are not two runs at once, which would grade every sample twice (docs/deploy.md has the command).
        queue = cloudtasks.Queue(
            f"{name}-asked-for",
            project=args.project,
            location=args.region,
            name=f"{full_name}-runs",
            rate_limits=cloudtasks.QueueRateLimitsArgs(max_concurrent_dispatches=1, max_dispatches_per_second=0.1),
            retry_config=cloudtasks.QueueRetryConfigArgs(max_attempts=TRIES, min_backoff="60s"),
            opts=child,
        )
        self.queue, self.runs_as, self.called_by = queue.name, account.email, caller.email
        self.register_outputs({"job_name": self.job_name, "queue": self.queue})

    def _account(self, name: str, args: EvaluationJobArgs) -> tuple[serviceaccount.Account, list[pulumi.Resource]]:
        """Whom the job runs as, and the grants that it needs before it can start."""
        child = pulumi.ResourceOptions(parent=self)
        account = serviceaccount.Account(
            f"{name}-account",
            project=args.project,
            account_id=f"{args.identity.service}-{args.identity.env}-eval",
            display_name=args.identity.named("grades sampled answers"),
            opts=child,
        )
        member = account.email.apply("serviceAccount:{}".format)
        asks = projects.IAMMember(
            f"{name}-asks-judge", project=args.project, role="roles/aiplatform.user", member=member, opts=child
        )
        # Reads samples, and deletes what is graded.
        samples = storage.BucketIAMMember(
            f"{name}-samples", bucket=args.samples, role="roles/storage.objectUser", member=member, opts=child
        )
        tells = secretmanager.SecretIamMember(
            f"{name}-tells-datadog",
            project=args.project,
            secret_id=args.api_key.secret,
            role="roles/secretmanager.secretAccessor",
            member=member,
            opts=child,
        )
        return account, [asks, samples, tells]
