"""The service's settings, read from the environment and checked. The error for a wrong value names its variable."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from service.llm.models import DEFAULT_FALLBACK, DEFAULT_PRIMARY, UnknownModel, resolve

ApiAuth = Literal["off", "loopback", "token"]
LOOPBACK_HOSTS = ("localhost", "*.localhost", "127.0.0.1", "[::1]")


class WrongSetting(SystemExit):
    """A variable with whose value the service cannot start."""


@dataclass(frozen=True)
class Settings:
    """The service's settings. Times in seconds."""

    project: str | None
    location: str
    model_primary: str
    model_fallback: str
    state_bucket: str | None
    operator_token: str | None = field(repr=False)
    conversation_keys: tuple[str, ...] = field(repr=False)
    """Secrets that encrypt stored conversations: the first encrypts, the others only decrypt earlier entries.

    Without one, no chat continues another.
    """
    chat_seconds: float
    """The whole time that a chat may take, retries included; below Cloud Run's own request timeout."""
    max_output_tokens: int
    max_message_characters: int
    breaker_seconds: float
    """Time for which a model that keeps failing is not called."""
    caller_tokens: float
    """The tokens that one caller may use in an hour."""
    caller_dollars: float
    """The cost that one caller may cause in an hour, at list prices."""
    evaluation_share: float
    """The share of answers that are evaluated, from 0 to 1."""
    service: str
    env: str
    version: str
    datadog_site: str
    datadog_api_url: str | None
    """One address instead of all the site's hosts."""
    agent_url: str
    datadog_api_key: str | None = field(repr=False)
    datadog_app_key: str | None = field(repr=False)
    synthetics_locations: tuple[str, ...]
    private_targets: bool
    """True where synthetic tests may call private and link-local addresses, as in the sandbox."""
    evaluation_location: str
    """The region of the evaluation service, which is not served at ``global``."""
    evaluation_model: str
    """The model that judges answers."""
    rum_application_id: str | None
    rum_client_token: str | None
    rum_replay_percent: float
    """The percentage of the page's sessions that are recorded."""
    theater: bool
    """True where the page may break things: see service/theater."""
    gemini_url: str | None
    """The address of an imitated Gemini; None for Google's own."""
    own_hosts: tuple[str, ...]
    """The names under which the service is called; ``*`` stands for labels, or parts of one."""
    api_auth: ApiAuth
    """The callers that /datadog accepts: ``loopback``, any on this machine (sandbox); ``token``; ``off``, none."""
    reader_token: str | None = field(repr=False)
    api_audience: str | None
    """The audience of Google identity tokens; None accepts no such token."""
    api_readers: frozenset[str]
    api_operators: frozenset[str]

    @property
    def browser_intake(self) -> str:
        """The intake of RUM and Product Analytics, which has its own host at each site."""
        if self.datadog_api_url:
            return self.datadog_api_url
        *names, top = self.datadog_site.split(".")
        return f"https://browser-intake-{'-'.join(names)}.{top}"


def read_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings. Raises :class:`WrongSetting`."""
    return Settings(
        project=environment.get("GOOGLE_CLOUD_PROJECT") or None,
        location=environment.get("GOOGLE_CLOUD_LOCATION") or "global",
        model_primary=_model(environment, "MODEL_PRIMARY", DEFAULT_PRIMARY),
        model_fallback=_model(environment, "MODEL_FALLBACK", DEFAULT_FALLBACK),
        state_bucket=environment.get("STATE_BUCKET") or None,
        operator_token=environment.get("OPERATOR_TOKEN") or None,
        conversation_keys=_words(environment, "CONVERSATION_KEYS"),
        chat_seconds=_number(environment, "CHAT_TIMEOUT_SECONDS", 30, 600),
        max_output_tokens=int(_number(environment, "MAX_OUTPUT_TOKENS", 2048, 65_536)),
        max_message_characters=int(_number(environment, "MAX_MESSAGE_CHARACTERS", 16_000, 1_000_000)),
        breaker_seconds=_number(environment, "BREAKER_SECONDS", 5, 600),
        caller_tokens=_number(environment, "CALLER_TOKENS_PER_HOUR", 5_000_000, 1e12),
        caller_dollars=_number(environment, "CALLER_DOLLARS_PER_HOUR", 10, 1e6, least=0.01),
        evaluation_share=_number(environment, "EVALUATION_SHARE", 0.1, 1, least=0),
        service=environment.get("DD_SERVICE") or "llm-api",
        env=environment.get("DD_ENV") or "none",
        version=environment.get("DD_VERSION") or "",
        datadog_site=environment.get("DD_SITE") or "datadoghq.com",
        datadog_api_url=environment.get("DD_API_URL") or None,
        agent_url=(environment.get("DD_TRACE_AGENT_URL") or "http://localhost:8126").rstrip("/"),
        datadog_api_key=environment.get("DD_API_KEY") or None,
        datadog_app_key=environment.get("DD_APP_KEY") or None,
        synthetics_locations=_words(environment, "SYNTHETICS_LOCATIONS") or ("aws:eu-central-1",),
        private_targets=_private_targets(environment),
        evaluation_location=environment.get("EVALUATION_LOCATION") or "us-central1",
        evaluation_model=_model(environment, "EVALUATION_MODEL", DEFAULT_PRIMARY),
        rum_application_id=environment.get("RUM_APPLICATION_ID") or None,
        rum_client_token=environment.get("RUM_CLIENT_TOKEN") or None,
        rum_replay_percent=_number(environment, "RUM_REPLAY_PERCENT", 20, 100, least=0),
        theater=_switch(environment, "THEATER"),
        gemini_url=environment.get("GOOGLE_VERTEX_BASE_URL") or None,
        own_hosts=_words(environment, "OWN_HOSTS") or LOOPBACK_HOSTS,
        api_auth=_auth(environment),
        reader_token=environment.get("READER_TOKEN") or None,
        api_audience=environment.get("API_AUDIENCE") or None,
        api_readers=frozenset(_words(environment, "API_READERS")),
        api_operators=frozenset(_words(environment, "API_OPERATORS")),
    )


def _words(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in environment.get(name, "").split(",") if part.strip())


def _switch(environment: Mapping[str, str], name: str) -> bool:
    match environment.get(name) or "off":
        case "on":
            return True
        case "off":
            return False
        case other:
            raise WrongSetting(f"{name} is {other!r}: give on or off")


def _auth(environment: Mapping[str, str]) -> ApiAuth:
    match environment.get("API_AUTH") or "off":
        case "off":
            return "off"
        case "loopback":
            return "loopback"
        case "token":
            roles = environment.get("API_OPERATORS") or environment.get("API_READERS")
            if not environment.get("OPERATOR_TOKEN") and not (environment.get("API_AUDIENCE") and roles):
                raise WrongSetting(
                    "API_AUTH is 'token', but nobody has one: set OPERATOR_TOKEN, or API_AUDIENCE with API_OPERATORS"
                )
            return "token"
        case other:
            raise WrongSetting(f"API_AUTH is {other!r}: give loopback (sandbox), token or off")


def _private_targets(environment: Mapping[str, str]) -> bool:
    default = "allow" if environment.get("API_AUTH") == "loopback" else "refuse"
    match environment.get("PRIVATE_TARGETS") or default:
        case "allow":
            return True
        case "refuse":
            return False
        case other:
            raise WrongSetting(f"PRIVATE_TARGETS is {other!r}: give allow (sandbox) or refuse")


def _model(environment: Mapping[str, str], name: str, default: str) -> str:
    try:
        return resolve(environment.get(name) or default)
    except UnknownModel as error:
        raise WrongSetting(f"{name}: {error}") from None


def _number(environment: Mapping[str, str], name: str, default: float, most: float, least: float = 1) -> float:
    text = environment.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise WrongSetting(f"{name} is {text!r}: give a number from {least:g} to {most:g}")
    return value
