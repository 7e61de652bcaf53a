"""What a killed update may have made at Google, where a name is an id: no list has to be asked, but for two kinds."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any

import httpx

from firedrill.errors import KnownFailure

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
"""The id of each kind that cannot be made twice, as its import takes it. Grants and enabled APIs are missing: making
them again changes nothing."""
VERSION, KEY = "gcp:secretmanager/secretVersion:SecretVersion", "gcp:serviceaccount/key:Key"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
SECRETS, IAM = "https://secretmanager.googleapis.com", "https://iam.googleapis.com"


class GoogleAccount(httpx.Auth):
    """The Google account that this environment has (Application Default Credentials).

    A token lives an hour, and a deployment in steps may take longer: each request asks for one that is still good.
    """

    def __init__(self) -> None:
        import google.auth
        from google.auth.exceptions import GoogleAuthError

        try:
            self._credentials, _ = google.auth.default(scopes=[SCOPE])
            self._refresh()
        except GoogleAuthError as error:
            raise KnownFailure(f"no Google account: run `gcloud auth application-default login` ({error})") from error

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """One request, with a token."""
        if not self._credentials.valid:
            self._refresh()
        request.headers["Authorization"] = f"Bearer {self._credentials.token}"
        yield request

    def _refresh(self) -> None:
        import google.auth.transport.requests

        self._credentials.refresh(google.auth.transport.requests.Request())  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Google:
    """Where the two APIs are that have to be asked. ``base`` replaces both hosts: the sandbox's."""

    auth: httpx.Auth | None = None
    base: str = ""

    def call(self, method: str, host: str, path: str) -> dict[str, Any]:
        """The answer's JSON.

        Raises:
            KnownFailure: the request was refused or not answered.
        """
        url = f"{self.base or host}{path}"
        try:
            answer = httpx.request(method, url, auth=self.auth, timeout=30, trust_env=not self.base)
        except httpx.HTTPError as error:
            raise KnownFailure(f"{host} does not answer: {error or type(error).__name__}") from error
        if answer.status_code == httpx.codes.NOT_FOUND:
            return {}
        if not answer.is_success:
            raise KnownFailure(f"{method} {host}{path} answered {answer.status_code}: {answer.text[:200].strip()}")
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found


def left(
    google: Google, creating: Sequence[Resource], recorded: Sequence[Resource]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Resources that may exist, with their ids, for a refresh to find out; and in words which keys were deleted.

    A version of a secret is the newest that the state does not know. A key's private part is told once only: one that
    the state does not know is of no use to anybody, and is deleted.
    """
    urns, ids = {one["urn"] for one in recorded}, {str(one["id"]) for one in recorded if one.get("id")}
    possible, deleted = [], []
    for one in creating:
        name = str(one["urn"]).rpartition("::")[2]
        identifier = None
        if one["type"] in IDS:
            identifier = id_of(one)
        elif one["type"] == VERSION:
            identifier = next((version for version in _versions(google, one) if version not in ids), None)
        elif one["type"] == KEY:
            for key in _keys(google, one):
                if key not in ids:
                    google.call("DELETE", IAM, f"/v1/{key}")
                    deleted.append(f"creating Key {name} ({key}) without recording it: it is deleted, and made again")
        if identifier is not None and one["urn"] not in urns:
            possible.append({**one, "id": identifier, "outputs": {}})
    return possible, deleted


def id_of(resource: Resource) -> str | None:
    """By what a declared resource is known; None where an input is missing or secret."""
    template, inputs = IDS[resource["type"]], resource.get("inputs") or {}
    names = [name for _, name, _, _ in Formatter().parse(template) if name]
    if not all(isinstance(inputs.get(name), str) for name in names):
        return None
    return template.format(**{name: str(inputs[name]).rpartition("/")[2] for name in names})


def _versions(google: Google, resource: Resource) -> Iterator[str]:
    """The names of a secret's versions, newest first."""
    secret = (resource.get("inputs") or {}).get("secret")
    if isinstance(secret, str) and secret.startswith("projects/"):
        for one in google.call("GET", SECRETS, f"/v1/{secret}/versions").get("versions") or ():
            if one.get("state") != "DESTROYED":
                yield str(one["name"])


def _keys(google: Google, resource: Resource) -> Iterator[str]:
    """The names of the keys that somebody made for an account; Google's own are left out."""
    account = (resource.get("inputs") or {}).get("serviceAccountId")
    if isinstance(account, str) and account.startswith("projects/"):
        for one in google.call("GET", IAM, f"/v1/{account}/keys?keyTypes=USER_MANAGED").get("keys") or ():
            yield str(one["name"])
