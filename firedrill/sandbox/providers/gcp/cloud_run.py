"""Cloud Run and the services around it: Cloud Tasks, Cloud Scheduler and Artifact Registry."""

from firedrill.provider.resource import ResourceKind
from firedrill.provider.values import UNKNOWN, Properties, Value
from firedrill.sandbox.providers.gcp import generated
from firedrill.sandbox.providers.gcp.cloud import Cloud
from firedrill.sandbox.providers.gcp.kind import LABELLED, GoogleKind, NameProperty

SERVICE_NAME = r"[a-z]([-a-z0-9]{0,47}[a-z0-9])?"
IDENTITY = frozenset({"location", "name", "project"})
COMPUTED_ON_WRITE = frozenset(
    {"generation", "observedGeneration", "latestCreatedRevision", "latestReadyRevision", "trafficStatuses",
     "terminalConditions", "conditions", "etag", "updateTime"}
)  # fmt: skip


def effective_annotations(properties: Properties) -> Value:
    """Return the declared annotations and those of others, which the published provider leaves alone too."""
    existing, declared = properties.get("effectiveAnnotations") or {}, properties.get("annotations") or {}
    return UNKNOWN if declared is UNKNOWN or existing is UNKNOWN else {**existing, **declared}


def kinds(cloud: Cloud) -> dict[str, ResourceKind]:
    """Return the resource kinds by token."""
    return {
        "gcp:cloudrunv2/service:Service": GoogleKind(
            cloud,
            "projects/{project}/locations/{location}/services/{name}",
            name=NameProperty(pattern=SERVICE_NAME),
            location="location",
            replace_on=IDENTITY,
            computed={**LABELLED, "effectiveAnnotations": effective_annotations},
            generated={"uid": generated.uid, "createTime": generated.timestamp},
            computed_on_create=frozenset({"uri", "urls", "reconciling"}),
            computed_on_write=COMPUTED_ON_WRITE,
            defaults={
                "deletionProtection": True,
                "ingress": "INGRESS_TRAFFIC_ALL",
                "launchStage": "GA",
                "traffics": [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}],
            },
        ),
        "gcp:cloudrunv2/job:Job": GoogleKind(
            cloud,
            "projects/{project}/locations/{location}/jobs/{name}",
            name=NameProperty(pattern=r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"),
            location="location",
            replace_on=IDENTITY,
            computed=LABELLED,
            generated={
                "uid": generated.uid,
                "createTime": generated.timestamp,
                "etag": generated.etag,
                "executionCount": lambda: 0,
            },
            defaults={"deletionProtection": True, "launchStage": "GA"},
        ),
        "gcp:cloudtasks/queue:Queue": GoogleKind(
            cloud,
            "projects/{project}/locations/{location}/queues/{name}",
            name=NameProperty(pattern=r"[-A-Za-z0-9]{1,100}"),
            location="location",
            replace_on=IDENTITY,
            computed={"state": lambda properties: properties["desiredState"]},
            defaults={"desiredState": "RUNNING"},
        ),
        "gcp:cloudscheduler/job:Job": GoogleKind(
            cloud,
            "projects/{project}/locations/{region}/jobs/{name}",
            name=NameProperty(pattern=r"[-\w]{1,500}"),
            location="region",
            replace_on=frozenset({"region", "name", "project"}),
            computed={"state": lambda properties: "PAUSED" if properties.get("paused") else "ENABLED"},
            defaults={"timeZone": "Etc/UTC"},
        ),
        "gcp:artifactregistry/repository:Repository": GoogleKind(
            cloud,
            "projects/{project}/locations/{location}/repositories/{repositoryId}",
            name=NameProperty("repositoryId", r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"),
            location="location",
            replace_on=frozenset({"location", "repositoryId", "project", "format", "kmsKeyName", "mode"}),
            computed={
                **LABELLED,
                "name": "{repositoryId}",
                "registryUri": "{location}-docker.pkg.dev/{project}/{repositoryId}",
            },
            generated={"createTime": generated.timestamp, "updateTime": generated.timestamp},
            defaults={"mode": "STANDARD_REPOSITORY"},
        ),
    }
