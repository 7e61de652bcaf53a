"""Google Cloud resources that a killed update may have created without recording them.

A name is an id at Google, so that only two kinds need a request: secret versions and service account keys.
"""

from collections.abc import Iterator, Mapping, Sequence
from string import Formatter
from typing import Any

from firedrill.google import GoogleClient, GoogleError

Resource = Mapping[str, Any]
IDS: Mapping[str, str] = {
    "gcp:secretmanager/secret:Secret": "projects/{project}/secrets/{secretId}",
    "gcp:storage/bucket:Bucket": "{name}",
    "gcp:serviceaccount/account:Account":
        "projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com",
    "gcp:cloudrunv2/service:Service": "projects/{project}/locations/{location}/services/{name}",
    "gcp:cloudrunv2/job:Job": "projects/{project}/locations/{location}/jobs/{name}",
    "gcp:artifactregistry/repository:Repository": "projects/{project}/locations/{location}/repositories/{repositoryId}",
    "gcp:cloudscheduler/job:Job": "projects/{project}/locations/{region}/jobs/{name}",
    "gcp:cloudtasks/queue:Queue": "projects/{project}/locations/{location}/queues/{name}",
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool":
        "projects/{project}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}",
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider":
        "projects/{project}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}"
        "/providers/{workloadIdentityPoolProviderId}",
}  # fmt: skip
"""The import id of each kind that cannot be created twice. Grants and enabled APIs are left out: creating them again
changes nothing."""
SECRET_VERSION, KEY = "gcp:secretmanager/secretVersion:SecretVersion", "gcp:serviceaccount/key:Key"


def unrecorded(
    client: GoogleClient, creating: Sequence[Resource], recorded: Sequence[Resource]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the resources that may exist unrecorded, with their ids, and a description of each key that was deleted.

    A refresh tells which of the resources exist. Of a secret, the newest version that the state lacks is taken. Google
    returns the private part of a key only once, so that a key that the state lacks is useless and is deleted.

    creating: the resources whose creation was interrupted; recorded: all resources of the state.
    """
    urns = {resource["urn"] for resource in recorded}
    ids = {str(resource["id"]) for resource in recorded if resource.get("id")}
    possible, deleted = [], []
    for resource in creating:
        name = str(resource["urn"]).rpartition("::")[2]
        identifier = None
        if resource["type"] in IDS:
            identifier = import_id(resource)
        elif resource["type"] == SECRET_VERSION:
            identifier = next((version for version in _versions(client, resource) if version not in ids), None)
        elif resource["type"] == KEY:
            for key in _keys(client, resource):
                if key not in ids:
                    client.call(f"DELETE iam/v1/{key}")
                    deleted.append(f"creating Key {name} ({key}) without recording it: deleted, to be created again")
        if identifier is not None and resource["urn"] not in urns:
            possible.append({**resource, "id": identifier, "outputs": {}})
    return possible, deleted


def import_id(resource: Resource) -> str | None:
    """Return the import id of a declared resource; None where an input is missing or secret."""
    template, inputs = IDS[resource["type"]], resource.get("inputs") or {}
    names = [name for _, name, _, _ in Formatter().parse(template) if name]
    if not all(isinstance(inputs.get(name), str) for name in names):
        return None
    return template.format(**{name: str(inputs[name]).rpartition("/")[2] for name in names})


def _versions(client: GoogleClient, resource: Resource) -> Iterator[str]:
    """Yield the names of a secret's versions, newest first."""
    secret = (resource.get("inputs") or {}).get("secret")
    if isinstance(secret, str) and secret.startswith("projects/"):
        for version in _listed(client, f"GET secretmanager/v1/{secret}/versions", "versions"):
            if version.get("state") != "DESTROYED":
                yield str(version["name"])


def _keys(client: GoogleClient, resource: Resource) -> Iterator[str]:
    """Yield the names of the keys that a user created for a service account."""
    account = (resource.get("inputs") or {}).get("serviceAccountId")
    if isinstance(account, str) and account.startswith("projects/"):
        for key in _listed(client, f"GET iam/v1/{account}/keys?keyTypes=USER_MANAGED", "keys"):
            yield str(key["name"])


def _listed(client: GoogleClient, request: str, items: str) -> Sequence[Resource]:
    """Return a list's items; none where its parent does not exist."""
    try:
        return client.call(request).get(items) or ()
    except GoogleError as error:
        if error.status == 404:
            return ()
        raise
