"""Cloud Run services and jobs: identity, secrets, images, limits, probes and labels."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.policy import Resource, Stack, policy

SERVICE = "gcp:cloudrunv2:Service"
JOB = "gcp:cloudrunv2:Job"
DOCUMENTATION = "https://cloud.google.com/run/docs/configuring"
SECRET_NAME = re.compile(r"(API_?KEY|APP_?KEY|CREDENTIALS?|PASSWORD|PASSWD|PRIVATE_KEY|SECRET|TOKEN)$")
PUBLIC_TOKEN = re.compile(r"(^|_)RUM_CLIENT_TOKEN$")
"""Named like a secret, but sent to every browser: https://docs.datadoghq.com/account_management/api-app-keys/."""
SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAIza[\w-]{35}\b|\bgh[pousr]_\w{30,}|\bsk-[\w-]{20,}|\bxox[abpr]-[\w-]{10,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.|://[^/\s:@]+:[^/\s:@]+@|^[0-9a-f]{32}$|^[0-9a-f]{40}$"
)
LABELS = ("env", "service", "version")


def _template_path(workload: Resource) -> str:
    """Return the path of the template with the containers: a job's is nested in that of its executions."""
    return "template.template" if workload.kind == JOB else "template"


def _containers(workload: Resource) -> list[Mapping[str, Any]]:
    return list(workload.get(f"{_template_path(workload)}.containers") or ())


def variables(workload: Resource) -> Iterator[Mapping[str, Any]]:
    """Yield the environment variables of all containers."""
    for container in _containers(workload):
        yield from container.get("envs") or ()


def secret_reference(variable: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return a variable's reference to Secret Manager, or None."""
    reference: Mapping[str, Any] | None = (variable.get("valueSource") or {}).get("secretKeyRef")
    return reference


@policy(
    "run-own-account",
    SERVICE,
    JOB,
    description="A service runs as its own service account.",
    prevents="The default compute account is an editor of the whole project. A prompt that makes the service fetch a "
    "URL of the metadata server gets its token.",
    link=f"{DOCUMENTATION}/services/service-identity",
)
def own_account(service: Resource, stack: Stack) -> Iterator[str]:
    """Check for a service account, whose email may be unknown, other than Google's defaults."""
    template = service.get(_template_path(service)) or {}
    if "serviceAccount" not in template:
        yield f"Set {_template_path(service)}.serviceAccount to its own account: the default is a project editor."
    elif str(template["serviceAccount"]).endswith(
        ("-compute@developer.gserviceaccount.com", "@appspot.gserviceaccount.com")
    ):
        yield "Replace the default service account with one of this service: it is a project editor."


@policy(
    "run-secrets-by-reference",
    SERVICE,
    JOB,
    description="An environment variable that is named like a secret comes from Secret Manager.",
    prevents="DataDog/terraform-google-cloud-run-datadog (main.tf) and `datadog-ci cloud-run instrument` set "
    "DD_API_KEY as a plain value. Everybody who may view the service can read it, and every revision keeps it.",
    link=f"{DOCUMENTATION}/services/secrets",
)
def secrets_by_reference(service: Resource, stack: Stack) -> Iterator[str]:
    """Check names; ``run-no-secret-in-a-value`` checks values."""
    for variable in variables(service):
        name = str(variable["name"])
        if SECRET_NAME.search(name) and not PUBLIC_TOKEN.search(name) and secret_reference(variable) is None:
            yield f"Set {name} by valueSource.secretKeyRef: a plain value is readable in every revision."


@policy(
    "run-secret-version-pinned",
    SERVICE,
    JOB,
    description="A reference to a secret has a fixed version.",
    prevents="With `latest`, instances of one revision can have different values, and a rollback to an earlier "
    "revision does not restore the earlier value.",
    link=f"{DOCUMENTATION}/services/secrets#access-secret",
)
def secret_version_pinned(service: Resource, stack: Stack) -> Iterator[str]:
    """Check variables and volumes. No version means ``latest``; an unknown version of a resource is a fixed one."""
    for variable in variables(service):
        reference = secret_reference(variable)
        if reference is None:
            continue
        if "version" not in reference or reference["version"] in (None, "", "latest"):
            yield f"Pin the version of {variable['name']} to the `version` of a SecretVersion resource."
    for volume in service.get(f"{_template_path(service)}.volumes") or ():
        secret = volume.get("secret")
        items = (secret or {}).get("items") or [{}]
        if secret and any(item.get("version") in (None, "", "latest") for item in items):
            yield f"Pin the versions of the items of volume {volume['name']}."


@policy(
    "run-no-secret-in-a-value",
    SERVICE,
    JOB,
    description="No plain value of an environment variable looks like a secret.",
    prevents="A secret in a variable with another name, such as a password in `DATABASE_URL` or a key in JSON, passes "
    "every check of names.",
    link=f"{DOCUMENTATION}/services/secrets",
)
def no_secret_in_a_value(service: Resource, stack: Stack) -> Iterator[str]:
    """Check values for formats of keys, tokens and URLs with passwords. The message never contains the value."""
    for variable in variables(service):
        if "value" in variable and SECRET_VALUE.search(str(variable["value"] or "")):
            yield f"Move {variable['name']} to Secret Manager: its value looks like a key."


@policy(
    "run-image-by-digest",
    SERVICE,
    JOB,
    description="An image is referenced by digest.",
    prevents="A tag can be moved, so two instances of one revision can run different code. The Datadog sidecar's "
    "default is `serverless-init:latest`. Only a digest identifies the reviewed image.",
    link="https://cloud.google.com/run/docs/deploying#images",
)
def image_by_digest(service: Resource, stack: Stack) -> Iterator[str]:
    """Check all containers."""
    for container in _containers(service):
        if not re.search(r"@sha256:[0-9a-f]{64}$", str(container["image"])):
            yield "Reference the image by digest (NAME@sha256:...): a tag can be moved after the review."


@policy(
    "run-bounded",
    SERVICE,
    JOB,
    description="CPU, memory, instances, concurrency and the request timeout are set.",
    prevents="Unbounded consumption is in OWASP's list for LLM applications: a caller in a loop scales up the "
    "service, and the model's bill, up to a limit that nobody chose.",
    link=f"{DOCUMENTATION}/services/max-instances",
)
def bounded(service: Resource, stack: Stack) -> Iterator[str]:
    """Check each limit; concurrency and instances exist for services only."""
    service_only = () if service.kind == JOB else ("maxInstanceRequestConcurrency", "scaling.maxInstanceCount")
    for path in ("timeout", *service_only):
        if not service.get(f"{_template_path(service)}.{path}"):
            yield f"Set {_template_path(service)}.{path}: the default may not fit this service."
    for container in _containers(service):
        limits = (container.get("resources") or {}).get("limits") or {}
        for resource in ("cpu", "memory"):
            if resource not in limits:
                yield f"Set resources.limits.{resource} of the container."


@policy(
    "run-probes",
    SERVICE,
    description="The serving container has a startup and a liveness probe.",
    prevents="Without a startup probe that calls the application, Cloud Run sends traffic as soon as the port is "
    "open, before the model client and the tracer are ready. Without a liveness probe a stuck instance keeps getting "
    "requests.",
    link=f"{DOCUMENTATION}/healthchecks",
)
def probes(service: Resource, stack: Stack) -> Iterator[str]:
    """Check the containers with a port, or all if none has one."""
    containers = _containers(service)
    serving = [container for container in containers if container.get("ports")] or containers
    for container in serving:
        startup, liveness = container.get("startupProbe") or {}, container.get("livenessProbe") or {}
        if not {"httpGet", "grpc"} & set(startup):
            yield "Add a startupProbe that calls the application (httpGet or grpc): an open port is not enough."
        if not liveness:
            yield "Add a livenessProbe: a stuck instance keeps getting requests."


@policy(
    "run-labels",
    SERVICE,
    description="A service and its revisions have the labels env, service and version.",
    prevents="Datadog reads the unified service tags of Google's metrics from these labels. Without them cost and "
    "request metrics belong to no service.",
    link="https://docs.datadoghq.com/getting_started/tagging/unified_service_tagging/",
)
def labels(service: Resource, stack: Stack) -> Iterator[str]:
    """Check the labels of the service and of its template."""
    for path in ("labels", "template.labels"):
        existing = service.get(path) or {}
        missing = [key for key in LABELS if key not in existing]
        if missing:
            yield f"Add {', '.join(missing)} to {path}: Datadog reads the tags of Google's metrics from them."


@policy(
    "run-redaction-kept-on",
    SERVICE,
    JOB,
    description="No environment variable turns off the tracer's redaction or bypasses the agent.",
    prevents="An empty DD_TRACE_OBFUSCATION_QUERY_STRING_REGEXP puts query strings with tokens into spans. Agentless "
    "LLM Observability loses data at a status 429 or 503 (ddtrace/llmobs/_writer.py retries exceptions only).",
    link="https://docs.datadoghq.com/tracing/configure_data_security/",
)
def redaction_kept_on(service: Resource, stack: Stack) -> Iterator[str]:
    """Check the switches of ddtrace."""
    off = ("", "0", "false", "no")
    for variable in variables(service):
        name = str(variable["name"])
        if not name.startswith("DD_") or "value" not in variable:
            continue
        value = str(variable["value"] or "").lower()
        if "OBFUSCATION" in name and value in off:
            yield f"Remove {name}: it turns redaction off."
        if name == "DD_LLMOBS_AGENTLESS_ENABLED" and value not in off:
            yield f"Set {name} to false: without the agent, data that the intake rejects is lost."
