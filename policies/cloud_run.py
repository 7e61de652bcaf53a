"""Cloud Run services and jobs: what they run as, what they are told, what bounds them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.policy import Resource, Stack, policy

SERVICE = "gcp:cloudrunv2:Service"
JOB = "gcp:cloudrunv2:Job"
RUN = "https://cloud.google.com/run/docs/configuring"
SECRET_NAME = re.compile(r"(API_?KEY|APP_?KEY|CREDENTIALS?|PASSWORD|PASSWD|PRIVATE_KEY|SECRET|TOKEN)$")
PUBLIC = re.compile(r"(^|_)RUM_CLIENT_TOKEN$")
"""Named like a secret, and sent to every browser: https://docs.datadoghq.com/account_management/api-app-keys/ ."""
SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAIza[\w-]{35}\b|\bgh[pousr]_\w{30,}|\bsk-[\w-]{20,}|\bxox[abpr]-[\w-]{10,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.|://[^/\s:@]+:[^/\s:@]+@|^[0-9a-f]{32}$|^[0-9a-f]{40}$"
)
LABELS = ("env", "service", "version")


def _template(workload: Resource) -> str:
    """Where containers stand: a job's template is that of a run, which has that of a task."""
    return "template.template" if workload.kind == JOB else "template"


def _containers(workload: Resource) -> list[Mapping[str, Any]]:
    return list(workload.get(f"{_template(workload)}.containers") or ())


def variables(workload: Resource) -> Iterator[Mapping[str, Any]]:
    """The environment of all containers."""
    for container in _containers(workload):
        yield from container.get("envs") or ()


def reference_of(variable: Mapping[str, Any]) -> Mapping[str, Any] | None:
    source = variable.get("valueSource") or {}
    found: Mapping[str, Any] | None = source.get("secretKeyRef")
    return found


@policy(
    "run-own-account",
    SERVICE,
    JOB,
    says="A service runs as an account of its own.",
    prevents="Without one it runs as the default compute account, which is an editor of the whole project: a "
    "prompt that makes the service fetch a URL of the metadata server gets that.",
    link=f"{RUN}/services/service-identity",
)
def own_account(service: Resource, stack: Stack) -> Iterator[str]:
    """The reference to an account counts, also where its address is not known yet."""
    template = service.get(_template(service)) or {}
    if "serviceAccount" not in template:
        yield f"Set {_template(service)}.serviceAccount to an account made for this service."
    elif str(template["serviceAccount"]).endswith(
        ("-compute@developer.gserviceaccount.com", "@appspot.gserviceaccount.com")
    ):
        yield "Replace the default account by one made for this service."


@policy(
    "run-secrets-by-reference",
    SERVICE,
    JOB,
    says="A variable whose name says that it is a secret comes from Secret Manager.",
    prevents="DataDog/terraform-google-cloud-run-datadog (main.tf) and `datadog-ci cloud-run instrument` set "
    "DD_API_KEY as a plain value: everybody who may look at the service reads it, and each revision keeps"
    " it.",
    link=f"{RUN}/services/secrets",
)
def secrets_by_reference(service: Resource, stack: Stack) -> Iterator[str]:
    """By name; ``run-no-secret-in-a-value`` looks at values."""
    for variable in variables(service):
        name = str(variable["name"])
        if SECRET_NAME.search(name) and not PUBLIC.search(name) and reference_of(variable) is None:
            yield f"Give {name} as valueSource.secretKeyRef: its value is readable in every revision."


@policy(
    "run-secret-version-pinned",
    SERVICE,
    JOB,
    says="A secret's reference names a version.",
    prevents="With `latest` an instance that starts later has another value than its neighbours, and going back to"
    " the revision before does not bring the value before back.",
    link=f"{RUN}/services/secrets#access-secret",
)
def secret_version_pinned(service: Resource, stack: Stack) -> Iterator[str]:
    """``latest`` and nothing at all are the same. A version that a resource will have is one."""
    for variable in variables(service):
        reference = reference_of(variable)
        if reference is None:
            continue
        if "version" not in reference or reference["version"] in (None, "", "latest"):
            yield f"Pin the version of {variable['name']}, from the SecretVersion resource's `version`."
    for volume in service.get(f"{_template(service)}.volumes") or ():
        secret = volume.get("secret")
        items = (secret or {}).get("items") or [{}]
        if secret and any(one.get("version") in (None, "", "latest") for one in items):
            yield f"Pin the versions of the items of volume {volume['name']}."


@policy(
    "run-no-secret-in-a-value",
    SERVICE,
    JOB,
    says="No plain value of the environment looks like a secret.",
    prevents="A key under an innocent name (`DATABASE_URL` with a password, a key in a JSON) passes every check by"
    " name.",
    link=f"{RUN}/services/secrets",
)
def no_secret_in_a_value(service: Resource, stack: Stack) -> Iterator[str]:
    """Shapes of keys of Datadog, Google, GitHub, AWS, Slack, tokens and URLs. The value is never printed."""
    for variable in variables(service):
        if "value" in variable and SECRET_VALUE.search(str(variable["value"] or "")):
            yield f"Move {variable['name']} to Secret Manager: its value has the shape of a key."


@policy(
    "run-image-by-digest",
    SERVICE,
    JOB,
    says="An image is named by its digest.",
    prevents="A tag is moved: two instances of one revision can run different code, and the Datadog sidecar's own "
    "default is `serverless-init:latest`. What was reviewed is what a digest names.",
    link="https://cloud.google.com/run/docs/deploying#images",
)
def image_by_digest(service: Resource, stack: Stack) -> Iterator[str]:
    """All containers."""
    for container in _containers(service):
        if not re.search(r"@sha256:[0-9a-f]{64}$", str(container["image"])):
            yield "Name the image by digest (NAME@sha256:...): a tag can be moved after the review."


@policy(
    "run-bounded",
    SERVICE,
    JOB,
    says="CPU, memory, instances, requests in flight and the time of a request are limited.",
    prevents="OWASP's list for LLM applications has unbounded consumption: a caller in a loop grows the service, "
    "and the bill of the model behind it, until a limit that nobody chose.",
    link=f"{RUN}/services/max-instances",
)
def bounded(service: Resource, stack: Stack) -> Iterator[str]:
    """Each by its property."""
    served = () if service.kind == JOB else ("maxInstanceRequestConcurrency", "scaling.maxInstanceCount")
    for path in ("timeout", *served):
        if not service.get(f"{_template(service)}.{path}"):
            yield f"Set {_template(service)}.{path}: the default is Google's, not a decision."
    for container in _containers(service):
        limits = (container.get("resources") or {}).get("limits") or {}
        for what in ("cpu", "memory"):
            if what not in limits:
                yield f"Set resources.limits.{what} of the container."


@policy(
    "run-probes",
    SERVICE,
    says="The container that serves has a startup and a liveness probe.",
    prevents="Without a startup probe that asks the application, Cloud Run sends traffic as soon as the port is "
    "open, before the model's client and the tracer are ready; without a liveness probe a stuck instance "
    "keeps its share.",
    link=f"{RUN}/healthchecks",
)
def probes(service: Resource, stack: Stack) -> Iterator[str]:
    """Of the container with a port; of all, where none says."""
    containers = _containers(service)
    serving = [one for one in containers if one.get("ports")] or containers
    for container in serving:
        startup, liveness = container.get("startupProbe") or {}, container.get("livenessProbe") or {}
        if not {"httpGet", "grpc"} & set(startup):
            yield "Add a startupProbe that asks the application (httpGet or grpc): an open port is not a ready one."
        if not liveness:
            yield "Add a livenessProbe: a stuck instance keeps getting requests."


@policy(
    "run-labels",
    SERVICE,
    says="The service and its revisions are labelled with env, service and version.",
    prevents="Datadog's unified service tags are read from these labels for Google's own metrics: without them "
    "cost and request metrics belong to no service.",
    link="https://docs.datadoghq.com/getting_started/tagging/unified_service_tagging/",
)
def labels(service: Resource, stack: Stack) -> Iterator[str]:
    """Both places."""
    for path in ("labels", "template.labels"):
        found = service.get(path) or {}
        missing = [key for key in LABELS if key not in found]
        if missing:
            yield f"Add {', '.join(missing)} to {path}."


@policy(
    "run-redaction-kept-on",
    SERVICE,
    JOB,
    says="No variable switches the tracer's redaction off or sends LLM telemetry around the agent.",
    prevents="An empty DD_TRACE_OBFUSCATION_QUERY_STRING_REGEXP puts query strings with tokens into spans; "
    "agentless LLM Observability drops what a 429 or 503 meets (ddtrace/llmobs/_writer.py retries "
    "exceptions only).",
    link="https://docs.datadoghq.com/tracing/configure_data_security/",
)
def redaction_kept_on(service: Resource, stack: Stack) -> Iterator[str]:
    """Known switches of ddtrace."""
    off = ("", "0", "false", "no")
    for variable in variables(service):
        name = str(variable["name"])
        if not name.startswith("DD_") or "value" not in variable:
            continue
        value = str(variable["value"] or "").lower()
        if "OBFUSCATION" in name and value in off:
            yield f"Remove {name}: it switches redaction off."
        if name == "DD_LLMOBS_AGENTLESS_ENABLED" and value not in off:
            yield f"Set {name} to false: what the intake refuses is lost without the agent."
