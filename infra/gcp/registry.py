"""The repository of the service's images in Artifact Registry."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import artifactregistry

from infra.identity import Identity

KEPT_IMAGES = 20
"""Enough to roll back through a few weeks of releases; older images can be rebuilt from git."""
MAX_AGE = "2592000s"
"""30 days, as Artifact Registry writes durations. Older images are deleted, except the last KEPT_IMAGES."""


@dataclass(frozen=True)
class RegistryArgs:
    """The arguments of :class:`Registry`."""

    identity: Identity
    project: str
    region: str


class Registry(pulumi.ComponentResource):
    """The repository. ``path`` is the prefix of an image's name."""

    path: pulumi.Output[str]

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:google:Registry", name, None, opts)
        repository = artifactregistry.Repository(
            f"{name}-images",
            project=args.project,
            location=args.region,
            repository_id=args.identity.service,
            description=args.identity.named("images, deployed by digest"),
            format="DOCKER",
            # A tag never moves, so that a reviewed tag stays what it was.
            docker_config=artifactregistry.RepositoryDockerConfigArgs(immutable_tags=True),
            cleanup_policies=[
                artifactregistry.RepositoryCleanupPolicyArgs(
                    id="keep-recent",
                    action="KEEP",
                    most_recent_versions=artifactregistry.RepositoryCleanupPolicyMostRecentVersionsArgs(
                        keep_count=KEPT_IMAGES
                    ),
                ),
                # A KEEP policy alone deletes nothing: it only exempts from a DELETE policy.
                artifactregistry.RepositoryCleanupPolicyArgs(
                    id="delete-old",
                    action="DELETE",
                    condition=artifactregistry.RepositoryCleanupPolicyConditionArgs(older_than=MAX_AGE),
                ),
            ],
            labels=args.identity.labels,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.path = pulumi.Output.concat(args.region, "-docker.pkg.dev/", args.project, "/", repository.repository_id)
        self.register_outputs({"path": self.path})
