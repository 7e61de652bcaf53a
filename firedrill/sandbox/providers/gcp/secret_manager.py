"""Secret Manager: secrets and their versions."""

from firedrill.provider.resource import ResourceKind
from firedrill.sandbox.google.metadata import PROJECT_NUMBER
from firedrill.sandbox.providers.gcp import generated
from firedrill.sandbox.providers.gcp.cloud import Cloud
from firedrill.sandbox.providers.gcp.kind import LABELLED, GoogleKind, NameProperty


def kinds(cloud: Cloud) -> dict[str, ResourceKind]:
    """Return the resource kinds by token."""
    return {
        "gcp:secretmanager/secret:Secret": GoogleKind(
            cloud,
            "projects/{project}/secrets/{secretId}",
            name=NameProperty("secretId", r"[-\w]{1,255}"),
            replace_on=frozenset({"project", "secretId", "replication", "tags"}),
            computed={**LABELLED, "name": f"projects/{PROJECT_NUMBER}/secrets/{{secretId}}"},
            generated={"createTime": generated.timestamp},
        ),
        "gcp:secretmanager/secretVersion:SecretVersion": GoogleKind(
            cloud,
            "",  # Secret Manager assigns the version's number
            has_project=False,
            replace_on=frozenset({"secret", "secretData", "secretDataWo", "secretDataWoVersion", "isSecretDataBase64"}),
            generated={"createTime": generated.timestamp},
            computed_on_create=frozenset({"name", "version"}),
            defaults={"enabled": True},
            secret_property="secretData",  # noqa: S106 (a property's name)
            write_only=frozenset({"secretDataWo"}),
        ),
    }
