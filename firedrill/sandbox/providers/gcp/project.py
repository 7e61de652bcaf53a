"""A project's own: service accounts, enabled APIs, workload identity, logging sinks, monitoring."""

import base64
import hashlib
import json

from firedrill.sandbox.google.metadata import PROJECT_NUMBER
from firedrill.sandbox.providers.gcp import made
from firedrill.sandbox.providers.gcp.cloud import Cloud
from firedrill.sandbox.providers.gcp.kind import Kind, Name
from firedrill.sandbox.providers.resource import ResourceKind
from firedrill.sandbox.providers.values import UNKNOWN, Properties, Value

POOL = f"projects/{PROJECT_NUMBER}/locations/global/workloadIdentityPools/{{workloadIdentityPoolId}}"
POOL_ID = "projects/{project}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}"
POOL_NAME = r"(?!gcp-)[-a-z0-9]{4,32}"
EMAIL = "{accountId}@{project}.iam.gserviceaccount.com"


def kinds(cloud: Cloud) -> dict[str, ResourceKind]:
    """The table."""
    return {
        "gcp:serviceaccount/account:Account": Kind(
            cloud,
            f"projects/{{project}}/serviceAccounts/{EMAIL}",
            name=Name("accountId", r"[a-z][-a-z0-9]{4,28}[a-z0-9]"),
            replace_on=frozenset({"accountId", "project"}),
            computed={
                "email": EMAIL,
                "member": f"serviceAccount:{EMAIL}",
                "name": f"projects/{{project}}/serviceAccounts/{EMAIL}",
            },
            made={"uniqueId": made.number},
            defaults={"disabled": False},
        ),
        "gcp:serviceaccount/key:Key": Kind(
            cloud,
            "{serviceAccountId}/keys/{uid}",
            project=False,
            replace_on=frozenset(
                {"serviceAccountId", "keyAlgorithm", "publicKeyType", "privateKeyType", "publicKeyData", "keepers"}
            ),
            computed={"name": "{serviceAccountId}/keys/{uid}", "privateKey": _credentials},
            made={"uid": made.uid, "validAfter": made.moment},
            defaults={"keyAlgorithm": "KEY_ALG_RSA_2048", "privateKeyType": "TYPE_GOOGLE_CREDENTIALS_FILE"},
        ),
        "gcp:projects/service:Service": Kind(
            cloud, "{project}/{service}", replace_on=frozenset({"project", "service"})
        ),
        "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": Kind(
            cloud,
            POOL_ID,
            name=Name("workloadIdentityPoolId", POOL_NAME),
            replace_on=frozenset({"workloadIdentityPoolId", "project", "mode"}),
            computed={"name": POOL, "state": lambda _: "ACTIVE"},
        ),
        "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": Kind(
            cloud,
            f"{POOL_ID}/providers/{{workloadIdentityPoolProviderId}}",
            name=Name("workloadIdentityPoolProviderId", POOL_NAME),
            replace_on=frozenset({"workloadIdentityPoolId", "workloadIdentityPoolProviderId", "project"}),
            computed={"name": f"{POOL}/providers/{{workloadIdentityPoolProviderId}}", "state": lambda _: "ACTIVE"},
        ),
        "gcp:logging/projectSink:ProjectSink": Kind(
            cloud,
            "projects/{project}/sinks/{name}",
            name=Name(pattern=r"[-\w.]{1,100}"),
            replace_on=frozenset({"name", "project", "uniqueWriterIdentity"}),
            computed={"writerIdentity": _writer},
            defaults={"uniqueWriterIdentity": True},
        ),
        "gcp:monitoring/alertPolicy:AlertPolicy": Kind(
            cloud,
            "projects/{project}/alertPolicies/{number}",
            replace_on=frozenset({"project"}),
            computed={"name": "projects/{project}/alertPolicies/{number}"},
            made={"number": made.number},
            defaults={"enabled": True},
        ),
        "gcp:monitoring/notificationChannel:NotificationChannel": Kind(
            cloud,
            "projects/{project}/notificationChannels/{number}",
            replace_on=frozenset({"project"}),
            computed={"name": "projects/{project}/notificationChannels/{number}"},
            made={"number": made.number},
            defaults={"enabled": True},
        ),
        "gcp:monitoring/dashboard:Dashboard": Kind(
            cloud,
            f"projects/{PROJECT_NUMBER}/dashboards/{{uid}}",
            replace_on=frozenset({"project"}),
            made={"uid": made.uid},
        ),
    }


def _credentials(properties: Properties) -> Value:
    """A key file as Google gives it, in base64. Its key opens nothing, here or anywhere."""
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


def _writer(properties: Properties) -> Value:
    """Who a sink writes as: an account of the project's own unless it shares the old common one."""
    if not properties["uniqueWriterIdentity"]:
        return "serviceAccount:cloud-logs@system.gserviceaccount.com"
    return f"serviceAccount:service-{PROJECT_NUMBER}@gcp-sa-logging.iam.gserviceaccount.com"
