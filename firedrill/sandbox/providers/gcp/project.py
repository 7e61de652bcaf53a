"""Resources of a project: service accounts and their keys, enabled APIs, workload identity."""

import base64
import hashlib
import json

from firedrill.provider.resource import ResourceKind
from firedrill.provider.values import UNKNOWN, Properties, Value
from firedrill.sandbox.google.metadata import PROJECT_NUMBER
from firedrill.sandbox.providers.gcp import generated
from firedrill.sandbox.providers.gcp.cloud import Cloud
from firedrill.sandbox.providers.gcp.kind import GoogleKind, NameProperty

POOL = f"projects/{PROJECT_NUMBER}/locations/global/workloadIdentityPools/{{workloadIdentityPoolId}}"
POOL_ID = "projects/{project}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}"
POOL_NAME = r"(?!gcp-)[-a-z0-9]{4,32}"
EMAIL = "{accountId}@{project}.iam.gserviceaccount.com"


def kinds(cloud: Cloud) -> dict[str, ResourceKind]:
    """Return the resource kinds by token."""
    return {
        "gcp:serviceaccount/account:Account": GoogleKind(
            cloud,
            f"projects/{{project}}/serviceAccounts/{EMAIL}",
            name=NameProperty("accountId", r"[a-z][-a-z0-9]{4,28}[a-z0-9]"),
            replace_on=frozenset({"accountId", "project"}),
            computed={
                "email": EMAIL,
                "member": f"serviceAccount:{EMAIL}",
                "name": f"projects/{{project}}/serviceAccounts/{EMAIL}",
            },
            generated={"uniqueId": generated.number},
            defaults={"disabled": False},
        ),
        "gcp:serviceaccount/key:Key": GoogleKind(
            cloud,
            "{serviceAccountId}/keys/{uid}",
            has_project=False,
            replace_on=frozenset(
                {"serviceAccountId", "keyAlgorithm", "publicKeyType", "privateKeyType", "publicKeyData", "keepers"}
            ),
            computed={"name": "{serviceAccountId}/keys/{uid}", "privateKey": _credentials},
            generated={"uid": generated.uid, "validAfter": generated.timestamp},
            defaults={"keyAlgorithm": "KEY_ALG_RSA_2048", "privateKeyType": "TYPE_GOOGLE_CREDENTIALS_FILE"},
        ),
        "gcp:projects/service:Service": GoogleKind(
            cloud, "{project}/{service}", replace_on=frozenset({"project", "service"})
        ),
        "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": GoogleKind(
            cloud,
            POOL_ID,
            name=NameProperty("workloadIdentityPoolId", POOL_NAME),
            replace_on=frozenset({"workloadIdentityPoolId", "project", "mode"}),
            computed={"name": POOL, "state": lambda _: "ACTIVE"},
        ),
        "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": GoogleKind(
            cloud,
            f"{POOL_ID}/providers/{{workloadIdentityPoolProviderId}}",
            name=NameProperty("workloadIdentityPoolProviderId", POOL_NAME),
            replace_on=frozenset({"workloadIdentityPoolId", "workloadIdentityPoolProviderId", "project"}),
            computed={"name": f"{POOL}/providers/{{workloadIdentityPoolProviderId}}", "state": lambda _: "ACTIVE"},
        ),
    }


def _credentials(properties: Properties) -> Value:
    """Return a key file in Google's format, in base64. Its key is not valid anywhere."""
    account, uid = properties["serviceAccountId"], properties["uid"]
    if account is UNKNOWN or uid is UNKNOWN:
        return UNKNOWN
    key = base64.b64encode(hashlib.sha512(str(uid).encode()).digest()).decode()
    file = {
        "type": "service_account",
        "private_key_id": uid,
        "private_key": f"-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n",
        "client_email": str(account).rpartition("/")[2],
    }
    return base64.b64encode(json.dumps(file).encode()).decode()
