"""What the service's container is told. What Cloud Run itself adds (PORT, K_SERVICE ...) is never declared."""

from collections.abc import Mapping

import pulumi

from infra.config import Settings
from infra.identity import Identity
from infra.objectives import SESSIONS_RECORDED
from infra.rum import Rum

WORKERS = 2
"""Processes in an instance: enough to keep answering while one imports or collects garbage; each takes 200 MB."""


def environment(
    settings: Settings,
    identity: Identity,
    state_bucket: pulumi.Input[str],
    drain_caller: pulumi.Input[str],
    rum: Rum,
) -> Mapping[str, pulumi.Input[str]]:
    """The plain variables; secrets are references (infra/secret_store.py)."""
    return {
        "DD_SERVICE": identity.service,
        "DD_ENV": identity.env,
        "DD_VERSION": identity.version,
        "DD_SITE": settings.datadog_site,
        "DD_LOGS_ENABLED": "true",
        "DD_LOGS_INJECTION": "true",
        "DD_SOURCE": "python",
        # A 429 is an error when it is Gemini's, which the service marks by itself, not when a caller's budget is spent.
        "DD_TRACE_HTTP_SERVER_ERROR_STATUSES": "500-599",
        # Calls are the service's own, not those of a service "requests": the map shows whom they reach.
        "DD_TRACE_REMOVE_INTEGRATION_SERVICE_NAMES_ENABLED": "true",
        "DD_LLMOBS_ENABLED": "1",
        # Deprecated for DD_SERVICE, which is set too: both, until the tracer drops it.
        "DD_LLMOBS_ML_APP": identity.service,
        # Through the agent in the container, which has the key and retries; never straight from the tracer.
        "DD_LLMOBS_AGENTLESS_ENABLED": "false",
        "GOOGLE_CLOUD_PROJECT": settings.gcp_project,
        "GOOGLE_CLOUD_LOCATION": settings.model_location,
        "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "MODEL_PRIMARY": settings.model_primary,
        "MODEL_FALLBACK": settings.model_fallback,
        "STATE_BUCKET": state_bucket,
        # In the sandbox a minute of traffic has to show something.
        "EVALUATION_SHARE": "1" if settings.image_folder else "0.1",
        # Public by design: every visitor of the chat page reads both in /config.js.
        "RUM_APPLICATION_ID": rum.application_id,
        "RUM_CLIENT_TOKEN": rum.client_token,
        "RUM_REPLAY_PERCENT": str(SESSIONS_RECORDED),
        "SYNTHETICS_LOCATIONS": ",".join(settings.synthetics_locations),
        # A service that runs a folder is the sandbox's: there, callers on the same machine need no token.
        # What callers put into a query string may be private; the tracer's own rule for it knows only tokens.
        "DD_HTTP_SERVER_TAG_QUERY_STRING": "false",
        "API_AUTH": "loopback" if settings.image_folder else "token",
        "API_AUDIENCE": identity.audience,
        "API_OPERATORS": drain_caller,
        "WEB_CONCURRENCY": str(WORKERS),
        "PYTHONUNBUFFERED": "1",
    }
