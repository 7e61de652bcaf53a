"""Where the service's images are kept: Artifact Registry."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import artifactregistry

from infra.identity import Identity

KEPT_IMAGES = 20
"""Enough to roll back through a few weeks of releases; older ones cost storage and are rebuilt from git if needed."""
OLD = "2592000s"
"""30 days, as Artifact Registry writes durations: images older than this go, but for the last KEPT_IMAGES."""


@dataclass(frozen=True)
class RegistryArgs:
    """Which repository, where."""

    identity: Identity
    project: str
    region: str


class Registry(pulumi.ComponentResource):
    """``path`` is what an image's name starts with."""

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
            # A tag never moves: what was reviewed is what runs.
            docker_config=artifactregistry.RepositoryDockerConfigArgs(immutable_tags=True),
            cleanup_policies=[
                artifactregistry.RepositoryCleanupPolicyArgs(
                    id="keep-recent",
                    action="KEEP",
                    most_recent_versions=artifactregistry.RepositoryCleanupPolicyMostRecentVersionsArgs(
                        keep_count=KEPT_IMAGES
                    ),
                ),
                # A KEEP policy alone deletes nothing: it only exempts from what a DELETE policy asks for.
                artifactregistry.RepositoryCleanupPolicyArgs(
                    id="delete-old",
                    action="DELETE",
                    condition=artifactregistry.RepositoryCleanupPolicyConditionArgs(older_than=OLD),
                ),
            ],
            labels=args.identity.labels,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.path = pulumi.Output.concat(args.region, "-docker.pkg.dev/", args.project, "/", repository.repository_id)
        self.register_outputs({"path": self.path})
