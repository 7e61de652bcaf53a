"""The service's secrets in Secret Manager, which only its own account may read."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import secretmanager

from infra.identity import Identity


@dataclass(frozen=True)
class SecretStoreArgs:
    """``values`` maps an environment variable of the service to its secret; ``reader`` is an IAM member."""

    identity: Identity
    project: str
    reader: pulumi.Output[str]
    values: Mapping[str, pulumi.Output[str]]


@dataclass(frozen=True)
class SecretReference:
    """One version of a secret: all instances of a revision read the same value, and a roll-back restores it."""

    secret: pulumi.Output[str]
    version: pulumi.Output[str]


class SecretStore(pulumi.ComponentResource):
    """The secrets. ``references`` maps an environment variable to its secret; a reader must wait for ``ready``."""

    references: dict[str, SecretReference]
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: SecretStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api:google:SecretStore", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.references, self.ready = {}, []
        for variable, value in args.values.items():
            key = variable.lower().replace("_", "-")
            secret = secretmanager.Secret(
                f"{name}-{key}",
                project=args.project,
                secret_id=f"{args.identity.service}-{args.identity.env}-{key}",
                labels=args.identity.labels,
                replication=secretmanager.SecretReplicationArgs(auto=secretmanager.SecretReplicationAutoArgs()),
                opts=child,
            )
            version = secretmanager.SecretVersion(
                f"{name}-{key}-value", secret=secret.id, secret_data=value, opts=child
            )
            reader = secretmanager.SecretIamMember(
                f"{name}-{key}-reader",
                project=args.project,
                secret_id=secret.secret_id,
                role="roles/secretmanager.secretAccessor",
                member=args.reader,
                opts=child,
            )
            self.references[variable] = SecretReference(secret.secret_id, version.version)
            self.ready += [version, reader]
        self.register_outputs({})
