"""The environment variables of the service's container, without those that Cloud Run adds (PORT, K_SERVICE ...)."""

from collections.abc import Mapping

import pulumi

from infra.config import Settings
from infra.identity import Identity
from infra.objectives import SESSIONS_RECORDED
from infra.observability.rum import Rum

WORKERS = 2
"""Processes in an instance: one can answer while the other imports or collects garbage. Each takes 200 MB."""


def environment(
    settings: Settings,
    identity: Identity,
    state_bucket: pulumi.Input[str],
    drain_caller: pulumi.Input[str],
    rum: Rum | None,
) -> Mapping[str, pulumi.Input[str]]:
    """Return the plain variables. Secrets are references (infra/gcp/secret_store.py)."""
    browser: Mapping[str, pulumi.Input[str]] = {}
    if rum:
        # Both are public: every visitor of the chat page reads them in /config.js.
        browser = {
            "RUM_APPLICATION_ID": rum.application_id,
            "RUM_CLIENT_TOKEN": rum.client_token,
            "RUM_REPLAY_PERCENT": "100" if settings.image_folder else str(SESSIONS_RECORDED),
        }
    return {
        **browser,
        "DD_SERVICE": identity.service,
        "DD_ENV": identity.env,
        "DD_VERSION": identity.version,
        "DD_SITE": settings.datadog_site,
        "DD_LOGS_ENABLED": _flag(settings.has("logs")),
        "DD_LOGS_INJECTION": "true",
        "DD_SOURCE": "python",
        # No 429: the service itself marks those of Gemini as errors, but not those of a spent caller budget.
        "DD_TRACE_HTTP_SERVER_ERROR_STATUSES": "500-599",
        # Calls belong to this service, not to one named "requests", so that the service map shows their targets.
        "DD_TRACE_REMOVE_INTEGRATION_SERVICE_NAMES_ENABLED": "true",
        "DD_LLMOBS_ENABLED": "1" if settings.has("llm-observability") else "0",
        # Deprecated in favour of DD_SERVICE: both are set until the tracer drops it.
        "DD_LLMOBS_ML_APP": identity.service,
        # Through the agent in the container, which has the key and retries.
        "DD_LLMOBS_AGENTLESS_ENABLED": "false",
        "GOOGLE_CLOUD_PROJECT": settings.gcp_project,
        "GOOGLE_CLOUD_LOCATION": settings.model_location,
        "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "MODEL_PRIMARY": settings.model_primary,
        "MODEL_FALLBACK": settings.model_fallback,
        "STATE_BUCKET": state_bucket,
        # In the sandbox a minute of traffic must be enough to see evaluations.
        "EVALUATION_SHARE": "1" if settings.image_folder else "0.1",
        "SYNTHETICS_LOCATIONS": ",".join(settings.synthetics_locations),
        "THEATER": "on" if settings.image_folder or settings.failure_theater else "off",
        # Query strings may hold personal data; the tracer's own redaction only covers tokens.
        "DD_HTTP_SERVER_TAG_QUERY_STRING": "false",
        # In the sandbox, whose image is a folder, callers on the same machine need no token.
        "API_AUTH": "loopback" if settings.image_folder else "token",
        # The names that Cloud Run gives a service and its tags, where "*" is a hash or the project's number and region.
        "OWN_HOSTS": ""
        if settings.image_folder
        else ",".join((f"{identity.service}-*.run.app", f"*---{identity.service}-*.run.app", *settings.own_hosts)),
        "API_AUDIENCE": identity.audience,
        "API_OPERATORS": drain_caller,
        "WEB_CONCURRENCY": str(WORKERS),
        "PYTHONUNBUFFERED": "1",
    }


def _flag(on: bool) -> str:
    return "true" if on else "false"
