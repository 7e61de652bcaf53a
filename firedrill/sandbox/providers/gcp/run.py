"""Cloud Run and what starts work: services, jobs, queues, schedules. Images: Artifact Registry."""

from firedrill.sandbox.providers.gcp import made
from firedrill.sandbox.providers.gcp.cloud import Cloud
from firedrill.sandbox.providers.gcp.kind import LABELLED, Kind, Name
from firedrill.sandbox.providers.resource import ResourceKind
from firedrill.sandbox.providers.values import UNKNOWN, Properties, Value

RUN_NAME = r"[a-z]([-a-z0-9]{0,47}[a-z0-9])?"
PLACED = frozenset({"location", "name", "project"})
CHANGING = frozenset(
    {"generation", "observedGeneration", "latestCreatedRevision", "latestReadyRevision", "trafficStatuses",
     "terminalConditions", "conditions", "etag", "updateTime"}
)  # fmt: skip


def effective_annotations(properties: Properties) -> Value:
    """The declared ones and those that others have set, which stay: the published provider manages only its own."""
    known, declared = properties.get("effectiveAnnotations") or {}, properties.get("annotations") or {}
    return UNKNOWN if declared is UNKNOWN or known is UNKNOWN else {**known, **declared}


def kinds(cloud: Cloud) -> dict[str, ResourceKind]:
    """The table."""
    return {
        "gcp:cloudrunv2/service:Service": Kind(
            cloud,
            "projects/{project}/locations/{location}/services/{name}",
            name=Name(pattern=RUN_NAME),
            place="location",
            replace_on=PLACED,
            computed={**LABELLED, "effectiveAnnotations": effective_annotations},
            made={"uid": made.uid, "createTime": made.moment},
            lasting=frozenset({"uri", "urls", "reconciling"}),
            served=CHANGING,
            defaults={
                "deletionProtection": True,
                "ingress": "INGRESS_TRAFFIC_ALL",
                "launchStage": "GA",
                "traffics": [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}],
            },
        ),
        "gcp:cloudrunv2/job:Job": Kind(
            cloud,
            "projects/{project}/locations/{location}/jobs/{name}",
            name=Name(pattern=r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"),
            place="location",
            replace_on=PLACED,
            computed=LABELLED,
            made={"uid": made.uid, "createTime": made.moment, "etag": made.etag, "executionCount": lambda: 0},
            defaults={"deletionProtection": True, "launchStage": "GA"},
        ),
        "gcp:cloudtasks/queue:Queue": Kind(
            cloud,
            "projects/{project}/locations/{location}/queues/{name}",
            name=Name(pattern=r"[-A-Za-z0-9]{1,100}"),
            place="location",
            replace_on=PLACED,
            computed={"state": lambda properties: properties["desiredState"]},
            defaults={"desiredState": "RUNNING"},
        ),
        "gcp:cloudscheduler/job:Job": Kind(
            cloud,
            "projects/{project}/locations/{region}/jobs/{name}",
            name=Name(pattern=r"[-\w]{1,500}"),
            place="region",
            replace_on=frozenset({"region", "name", "project"}),
            computed={"state": lambda properties: "PAUSED" if properties.get("paused") else "ENABLED"},
            defaults={"timeZone": "Etc/UTC"},
        ),
        "gcp:artifactregistry/repository:Repository": Kind(
            cloud,
            "projects/{project}/locations/{location}/repositories/{repositoryId}",
            name=Name("repositoryId", r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"),
            place="location",
            replace_on=frozenset({"location", "repositoryId", "project", "format", "kmsKeyName", "mode"}),
            computed={
                **LABELLED,
                "name": "{repositoryId}",
                "registryUri": "{location}-docker.pkg.dev/{project}/{repositoryId}",
            },
            made={"createTime": made.moment, "updateTime": made.moment},
            defaults={"mode": "STANDARD_REPOSITORY"},
        ),
    }
